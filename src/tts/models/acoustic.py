"""The acoustic model interface: what every family that turns tokens into mels or codes declares.

Systems, callbacks, evaluation, export and the synthesizer ask a model through this class; none of
them depends on the parts or the parameter names of one family.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Generic, Literal, NamedTuple, TypeVar

from torch import Tensor, nn

from tts.batch import Batch, Prompt
from tts.controls import SynthesisControls, shown
from tts.errors import UserError
from tts.modules.style import Need, StyleOutput

Output = TypeVar("Output")  # the NamedTuple that the family's losses read by name


class Reading(NamedTuple):
    """How speech went through its text."""

    attention: Tensor  # (B, S, N) weights of each decoder step
    steps: Tensor  # (B,) int64 decoder steps
    frames_per_step: int
    failed: Tensor  # (B,) bool, whether the first take skipped, repeated or did not end


class Refinement(NamedTuple):
    """How codes were found over the rounds of a model that refines them in parallel."""

    confidence: Tensor  # (B, T, K) probability of each token when it was chosen; 1 if given
    decided: Tensor  # (B, T, K) int64 round of its level that chose the token; 0 if given
    rounds: Tensor  # (B, K) int64 rounds used for each level

    @property
    def passes(self) -> Tensor:
        """Rounds of all levels, ``(B,)``: passes of the audio model."""
        return self.rounds.sum(-1)


class Generated(NamedTuple):
    """Synthesized features. Prosody is None where a family does not predict it."""

    features: Tensor  # (B, T, M) natural-log mel or (B, T, K) int64 codes: AcousticModel.features
    frame_lengths: Tensor  # (B,) int64
    durations: Tensor | None = None  # (B, N) int64 frames
    pitch: Tensor | None = None  # (B, N) z-score of ln F0 under the speaker's statistics
    energy: Tensor | None = None  # (B, N) z-score of log energy
    notes: tuple[str, ...] = ()  # what could not be as predicted or as the controls ask
    reading: Reading | None = None  # of a model that reads its text by attention
    refinement: Refinement | None = None  # of a model that refines codes in rounds
    duration_deviation: Tensor | None = None  # (B, N) predicted standard deviation of ln(frames)


class Diagnostics(NamedTuple):
    """What can be drawn and scored of a teacher-forced output; None for what a family lacks."""

    mel: Tensor | None = None  # (B, T, M) natural-log magnitude, with the recording's prosody
    log_attention: Tensor | None = None  # (B, T, N) soft alignment
    durations: Tensor | None = None  # (B, N) int64 frames, the recording's
    predicted_durations: Tensor | None = None  # (B, N) frames
    pitch: Tensor | None = None  # (B, N) z-scores, the recording's
    predicted_pitch: Tensor | None = None  # (B, N) z-scores
    stop: Tensor | None = None  # (B, S) logits of "this step is the last"
    stop_lengths: Tensor | None = None  # (B,) int64 steps, the recording's
    # (K,) share of codes that are the likeliest; NaN for a codebook that was not predicted
    token_accuracy: Tensor | None = None
    code_lengths: Tensor | None = None  # (B,) int64 frames of log_attention, of a model of codes

    def frame_lengths(self, batch: Batch) -> Tensor:
        """Return the lengths of ``log_attention``, ``(B,)``."""
        return batch.frame_lengths if self.code_lengths is None else self.code_lengths


class CorpusKeys(NamedTuple):
    """State-dict keys whose values depend on the corpus's speakers and languages."""

    statistics: tuple[str, ...] = ()  # computed from the corpus: one row per speaker, not learned
    speakers: tuple[str, ...] = ()  # learned, one row per speaker
    languages: tuple[str, ...] = ()  # learned, one row per language


class AcousticModel(nn.Module, Generic[Output]):
    """Text to mel or codes. Made from ``facts`` (CorpusFacts)."""

    features: ClassVar[Literal["mel", "codes"]] = "mel"
    codebooks = 0  # codes per frame, of a model of codes
    # whether Prompt.given keeps codes of a recording, as replacing words needs
    keeps_codes: ClassVar[bool] = False
    # whether attention over the text decides what is spoken next: it can skip, repeat and not end
    reads: ClassVar[bool] = False
    # whether a pass gathers weights from all ranks, each of which must then run as many passes; set
    # by the strategy
    sharded = False
    # controls that only some configurations of the family take -> the choice that adds them
    optional_controls: ClassVar[Mapping[str, str]] = {}

    @property
    def controls(self) -> frozenset[str]:
        """Names of the :class:`SynthesisControls` fields that :meth:`generate` takes."""
        raise NotImplementedError

    @property
    def reference(self) -> Need:
        """Whether :meth:`generate` takes a recording whose style it copies."""
        return "none"

    @property
    def style_tokens(self) -> int:
        """Style tokens that the control ``style_tokens`` can weight, numbered from 0."""
        return 0

    @property
    def takes_embedding(self) -> bool:
        """Whether the style reads a speaker embedding of the reference."""
        return False

    @property
    def scored(self) -> bool:
        """Whether a teacher-forced output has scores that are logged beside the losses."""
        return self.reads or self.features == "codes"

    @property
    def shortest_reference(self) -> int:
        """Mel frames that a reference has at the least."""
        return 1

    def predicted_durations(self, prompt: Prompt) -> Tensor:
        """Return the predicted durations ``(B, N)`` in mel frames, not rounded, 0 at padding.

        Raises UserError for a model that predicts none.
        """
        raise UserError("this model does not predict durations")

    def align(self, batch: Batch) -> Tensor:
        """Return the durations ``(B, N)`` in mel frames of recordings with their texts.

        ``batch`` needs tokens and mels alone. Raises UserError for a model that cannot align.
        """
        raise UserError("this model has no aligner: use one with model/aligner=learned")

    def start_codes(self, vectors: Tensor) -> None:
        """Start what stands for codes from the codec's vectors ``(K, V, D)``."""

    def forward(self, batch: Batch) -> Output:
        """Return the teacher-forced output that the losses compare with ``batch``."""
        raise NotImplementedError

    def generate(self, prompt: Prompt) -> Generated:
        """Synthesize. Raises UserError for a control that the model does not take."""
        raise NotImplementedError

    def stream(self, prompt: Prompt) -> Iterator[Generated]:
        """Yield the features of :meth:`generate` in pieces, each as soon as it is there.

        A last piece without frames may follow, for its notes.
        """
        yield self.generate(prompt)

    def diagnostics(self, output: Output) -> Diagnostics:
        """Return what can be drawn and scored of ``output``."""
        return Diagnostics()

    def batch_style(self, batch: Batch) -> StyleOutput:
        """Return the style of a batch, by its references; without a vector of a model without."""
        return StyleOutput(None)

    def corpus_keys(self) -> CorpusKeys:
        """Return the keys that a warm start with other speakers or languages must remap."""
        return CorpusKeys()

    def require_controls(self, controls: SynthesisControls) -> None:
        """Raise UserError naming the first changed control that the model does not take."""
        for name, value in controls.changed().items():
            if name in self.controls:
                continue
            if choice := self.optional_controls.get(name):
                hint = f"{name} is taken by models trained with {choice}"
            else:
                hint = f"it takes {', '.join(sorted(self.controls))}"
            raise UserError(f"{name}={shown(value)}: this model does not take {name}; {hint}")
