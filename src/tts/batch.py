"""Types that cross folders: :class:`Batch` or :class:`Clips` to train, :class:`Prompt` to speak.

Legend for every shape in this codebase: B utterances, N tokens (symbols), T frames, M mel bands,
K codebooks, C channels, S samples. Padding is zero; lengths say what is real.
NamedTuples, because Lightning moves them between devices and the DataLoader pins them.
"""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Utterances padded to a common length."""

    tokens: Tensor  # (B, N) int64
    token_lengths: Tensor  # (B,) int64
    frame_lengths: Tensor  # (B,) int64
    mel: Tensor | None = None  # (B, T, M) natural-log magnitude
    codes: Tensor | None = None  # (B, T, K) int64, T at the codec's frame rate
    code_lengths: Tensor | None = None  # (B,) int64; frame_lengths if codec and mel share a hop
    durations: Tensor | None = None  # (B, N) int64 frames, only when an outside aligner gave them
    pitch: Tensor | None = None  # (B, T) Hz, 0 = unvoiced
    energy: Tensor | None = None  # (B, T) natural log of the spectral L2 norm
    speaker: Tensor | None = None  # (B,) int64
    language: Tensor | None = None  # (B,) int64
    utterance: Tensor | None = None  # (B,) int64, row in the dataset: names it in reports


class Sampling(NamedTuple):
    """How a model that draws its speech is to draw it; None leaves a choice to the model."""

    steps: int | None = None  # of the solver; fewer are faster
    solver: str | None = None  # see tts.models.flow.SOLVERS
    temperature: float | None = None  # deviation of the noise drawn from; 0 = always the same
    guidance: float | None = None  # how much more of the style; 0 = as it was learned


class Prompt(NamedTuple):
    """What to say and how. A control is a number for all, or one value per token."""

    tokens: Tensor  # (B, N) int64
    token_lengths: Tensor  # (B,) int64
    speaker: Tensor | None = None  # (B,) int64
    language: Tensor | None = None  # (B,) int64
    reference: Tensor | None = None  # (B, T, M) log mel whose style is to be copied
    reference_lengths: Tensor | None = None  # (B,) int64
    rate: float | Tensor = 1.0  # times faster; (B, N) for one value per token
    pitch: float | Tensor = 0.0  # semitones up; (B, N) for one value per token
    energy: float | Tensor = 0.0  # decibels up; (B, N) for one value per token
    pitch_range: float | Tensor = 1.0  # times as far from the speaker's mean; (B, N) as well
    prosody_temperature: float | None = None  # of durations, pitch, energy; None: the model's own
    sampling: Sampling = Sampling()  # of the mel
    variance_scale: float | None = (
        None  # of the mel, times as far from its mean; None: the model's own
    )


class Clips(NamedTuple):
    """Cuts of recordings with their mels, for vocoders. All of one length, or a single one."""

    mel: Tensor  # (B, T, M) natural-log magnitude
    audio: Tensor  # (B, T * hop) samples in [-1, 1]
    frame_lengths: Tensor  # (B,) int64
    utterance: Tensor | None = None  # (B,) int64, row in the dataset
    bandwidth: Tensor | None = None  # (B,) Hz above which nothing was recorded
