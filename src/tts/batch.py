"""Batch types that cross folders: :class:`Batch`, :class:`Clips` (training), :class:`Prompt`.

Legend for every shape in this codebase: B utterances, N tokens (symbols), T frames, M mel bands,
K codebooks, C channels, S samples. Padding is zero; lengths count what is real.
NamedTuples, because Lightning moves them between devices and the DataLoader pins them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tts.contract import CodecContract
from tts.controls import SynthesisControls

if TYPE_CHECKING:  # voices in ONNX speak without torch
    from torch import Generator, Tensor


class Batch(NamedTuple):
    """Utterances padded to a common length."""

    tokens: Tensor  # (B, N) int64
    token_lengths: Tensor  # (B,) int64
    frame_lengths: Tensor  # (B,) int64
    mel: Tensor | None = None  # (B, T, M) natural-log magnitude
    codes: Tensor | None = None  # (B, T, K) int64, T at the codec's frame rate
    code_lengths: Tensor | None = None  # (B,) int64; frame_lengths if codec and mel share a hop
    durations: Tensor | None = None  # (B, N) int64 frames, only from an external aligner
    pitch: Tensor | None = None  # (B, T) Hz, 0 = unvoiced
    energy: Tensor | None = None  # (B, T) natural log of the spectral L2 norm
    speaker: Tensor | None = None  # (B,) int64
    language: Tensor | None = None  # (B,) int64
    utterance: Tensor | None = None  # (B,) int64, row in the dataset, for reports
    reference: Tensor | None = None  # (B, R, M) log mel of another recording of the speaker
    reference_lengths: Tensor | None = None  # (B,) int64
    embedding: Tensor | None = None  # (B, E) speaker embedding of the reference's recording


class GivenCodes(NamedTuple):
    """Codes of a recording that are kept, the others are generated: replacing and continuing."""

    codes: Tensor  # (B, T, K) int64, of any value where they are not kept
    kept: Tensor  # (B, T, K) bool
    durations: Tensor  # (B, N) int64 mel frames of the prompt's tokens, T code frames together
    codec: CodecContract  # that made the codes


class Prompt(NamedTuple):
    """What to say, in whose voice, and how."""

    tokens: Tensor  # (B, N) int64
    token_lengths: Tensor  # (B,) int64
    speaker: Tensor | None = None  # (B,) int64
    language: Tensor | None = None  # (B,) int64
    reference: Tensor | None = None  # (B, T, M) log mel of a recording whose style is copied
    reference_lengths: Tensor | None = None  # (B,) int64
    controls: SynthesisControls = SynthesisControls()  # per-token values are (B, N)
    given: GivenCodes | None = None  # codes to keep, for models that take them
    generator: Generator | None = None  # of all random numbers; None = torch's own
    embedding: Tensor | None = None  # (B, E) speaker embedding of the reference
    # (B, 4) pitch and energy of an unknown speaker, SpeakerStatistics without its seconds
    statistics: Tensor | None = None


class Clips(NamedTuple):
    """Excerpts of recordings with their mels, for vocoders: of one length, or a single one."""

    mel: Tensor  # (B, T, M) natural-log magnitude
    audio: Tensor  # (B, T * hop) samples in [-1, 1]
    frame_lengths: Tensor  # (B,) int64
    utterance: Tensor | None = None  # (B,) int64, row in the dataset
    bandwidth: Tensor | None = None  # (B,) Hz, the highest recorded; None = all full-band
    speaker: Tensor | None = None  # (B,) int64
    pitch: Tensor | None = None  # (B, T) Hz, 0 = unvoiced
