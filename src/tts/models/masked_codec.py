"""Masked codec model: text to the codes of a codec in parallel, refined over a few rounds.

SoundStorm (Borsos et al. 2023) on the text side of FastSpeech 2 (Ren et al. 2021), as in MaskGCT
(Wang et al. 2024) without its semantic tokens. Tokens are encoded and repeated for their durations;
the audio model reads these states and the codes that are known, and predicts the masked tokens of
one codebook at a time, from coarse to fine. Legend: B utterances, N tokens of the text, T code
frames, K codebooks, V entries of a codebook.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal, NamedTuple

import torch
from torch import Tensor, nn

from tts.alignment.aligner import Aligner
from tts.batch import Batch, Prompt
from tts.bounds import (
    GUIDANCE,
    Bound,
    Channels,
    Length,
    NonNegative,
    Share,
    ShareBelowOne,
    Temperature,
)
from tts.codebooks import codebook_shares
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.models.acoustic import Diagnostics, Generated
from tts.models.aligned import aligned
from tts.models.audio_model import AudioModel, Conditioning
from tts.models.duration_predictor import DurationPredictor, DurationTargets, PredictedDurations
from tts.models.given_codes import (
    code_durations,
    compacted,
    frames_per_code,
    kept_frames,
    require_fitting,
)
from tts.models.length_regulator import LengthRegulator
from tts.models.masking import TrainingMask, draw_mask
from tts.models.mel_model import STYLE_CONTROLS, MelModel
from tts.models.refinement import Guess, RefinementSettings, refine
from tts.models.stopping import StoppingController, StoppingOutput
from tts.modules.stack import Context
from tts.modules.style import Style, StyleOutput

Rounds = Annotated[int, Bound(least=1, most=1000)]
VALIDATION_SEED = 1  # of the masks in validation


class MaskedCodecOutput(NamedTuple):
    """What the losses read. B': utterances, in validation each once per level."""

    logits: Tensor  # (B', T, V) of the level of each utterance
    codes: Tensor  # (B', T) int64 the recording's tokens of this level
    masked: Tensor  # (B', T) bool, the tokens that are predicted
    level: Tensor  # (B',) int64
    prosody: PredictedDurations
    targets: DurationTargets
    log_attention: Tensor | None  # (B, F, N) the aligner's, F mel frames; None: given durations
    token_mask: Tensor  # (B, N) bool
    stopping: StoppingOutput | None  # with model/stopping=learned
    style: StyleOutput = StyleOutput(None)


class _Text(NamedTuple):
    """A text that is read."""

    states: Tensor  # (B, N, dim)
    mask: Tensor  # (B, N) bool
    style: Tensor | None  # (B, D)
    durations: PredictedDurations


class MaskedCodecParts(NamedTuple):
    """The config choices of a :class:`MaskedCodec`. Called with corpus facts, it makes the model.

    The factories are called with the arguments in their comments.
    """

    dim: Channels  # channels of encoder and decoder
    encoder: Callable[..., nn.Module]  # dim, style_dim
    duration: Callable[..., DurationPredictor]  # dim, frames_per_second, style_dim
    decoder: Callable[..., nn.Module]  # dim, style_dim; the audio model
    aligner: Callable[..., Aligner] | None = None  # token_dim, mel_bands; None: given durations
    style: Callable[..., Style] | None = None  # facts; None: no conditioning
    stopping: Callable[..., StoppingController] | None = None  # dim, codebooks; None: no controller
    coarse: NonNegative = (
        1.0  # codebook k is trained (k + 1) ** -coarse times as often as codebook 0
    )
    prompted: Share = 0.5  # share of training utterances of which a part is given
    cfg_dropout: ShareBelowOne = 0.1  # share of training utterances without text and style
    # how codes are chosen where the controls leave it open
    iterations: Rounds | Annotated[Sequence[Rounds], Length()] = (8, 1)
    mask_schedule: Literal["cosine", "linear"] = "cosine"
    temperature: Temperature = 0.5
    fine_temperature: Temperature = 0.0
    guidance: Annotated[float, GUIDANCE] = 1.0
    confidence_temperature: Temperature = 1.0

    def __call__(self, facts: CorpusFacts) -> "MaskedCodec":
        return MaskedCodec(facts, self)


class MaskedCodec(MelModel[MaskedCodecOutput]):
    """Masked codec model, assembled from ``parts``.

    ``facts`` size the embeddings, and their codec is the one whose codes are predicted.
    """

    features = "codes"
    keeps_codes = True

    def __init__(self, facts: CorpusFacts, parts: MaskedCodecParts) -> None:
        if facts.codec is None:
            raise UserError(
                "model=masked_codec predicts the tokens of a codec: set data.codec to the folder "
                "of a codec's voice or run"
            )
        dim = parts.dim
        super().__init__(facts, dim, parts.style)
        self.codec = facts.codec
        self.codebooks, self.entries = self.codec.codebooks, self.codec.codebook_size
        stride = frames_per_code(self.codec, facts.contract)
        self.coarse = parts.coarse
        self.prompted, self.cfg_dropout = parts.prompted, parts.cfg_dropout
        self.settings = RefinementSettings(
            parts.iterations, parts.mask_schedule, parts.temperature, parts.fine_temperature,
            confidence_temperature=parts.confidence_temperature, guidance=parts.guidance,
        )  # fmt: skip
        self.settings.rounds(self.codebooks)
        if parts.guidance and not parts.cfg_dropout:
            raise UserError(
                f"model.guidance={parts.guidance:g} needs model.cfg_dropout above 0: set one of "
                "them to 0 or the other above it"
            )
        style_dim = self.style_dim
        self.encoder = parts.encoder(dim=dim, style_dim=style_dim)
        self.aligner = None
        if parts.aligner is not None:
            self.aligner = parts.aligner(token_dim=dim, mel_bands=self.bands)
        rate = facts.contract.frames_per_second
        self.duration = parts.duration(dim=dim, frames_per_second=rate, style_dim=style_dim)
        self.length_regulator = LengthRegulator(dim, stride)
        self.audio = AudioModel(dim, self.codebooks, self.entries, parts.decoder, style_dim)
        self.stopping = None
        if parts.stopping is not None:
            self.stopping = parts.stopping(dim=dim, codebooks=self.codebooks)

    def start_codes(self, vectors: Tensor) -> None:
        self.audio.start_codes(vectors)

    @property
    def optional_controls(self) -> dict[str, str]:  # type: ignore[override]
        return STYLE_CONTROLS | {
            "guidance": "model.cfg_dropout above 0",
            "stop_probability": "model/stopping=learned",
            "prosody_temperature": "model.duration.variance=true",
        }

    @property
    def controls(self) -> frozenset[str]:
        taken = {"rate", *RefinementSettings._fields}
        if self.duration.variance:
            taken.add("prosody_temperature")
        if self.stopping is None:
            taken.discard("stop_probability")
        if not self.cfg_dropout:
            taken.discard("guidance")
        return self.style_controls.union(taken)

    def forward(self, batch: Batch) -> MaskedCodecOutput:
        """Predict masked tokens of one random level of each utterance; in validation, of all."""
        assert batch.mel is not None
        assert batch.codes is not None
        assert batch.code_lengths is not None
        mel = self.normalized(batch.mel)
        token_mask = mask_from_lengths(batch.token_lengths, batch.tokens.shape[1])
        frames = batch.codes.shape[1] * self.length_regulator.stride
        frame_mask = mask_from_lengths(batch.frame_lengths, frames)
        copies = 1 if self.training else self.codebooks
        drawn = self._draw_mask(batch.code_lengths, batch.codes.shape[1], copies)
        first = drawn.given[: len(mel)]  # an utterance has one style in all its copies
        heard = kept_frames(first, batch.frame_lengths, mel.shape[1], self.length_regulator.stride)
        styled = self.training_style(batch, *compacted(mel, heard))
        style = styled.vector

        embedded = self.embedded(batch.tokens, batch.language, token_mask)
        durations, log_attention = aligned(self.aligner, embedded, mel, batch)
        states = self.encoder(embedded, Context(mask=token_mask, style=style))
        prosody = self.duration(states, token_mask, style)
        conditioning = self._conditioning(states, token_mask, durations, style, frame_mask)
        conditioning = self._drop(conditioning).repeated(copies)
        codes = batch.codes.repeat(copies, 1, 1)
        tokens = codes.masked_fill(drawn.hidden(self.codebooks), self.entries)
        prediction = self.audio(tokens, drawn.level, conditioning)
        targets = codes.gather(2, drawn.level[:, None, None].expand(-1, codes.shape[1], 1))[..., 0]
        stopping = None
        if self.stopping is not None:
            stopping = self.stopping.training_output(
                self.audio, prediction, tokens, targets, drawn, conditioning
            )
        return MaskedCodecOutput(
            logits=prediction.logits,
            codes=targets,
            masked=drawn.masked,
            level=drawn.level,
            prosody=prosody,
            targets=DurationTargets(durations),
            log_attention=log_attention,
            token_mask=token_mask,
            stopping=stopping,
            style=styled,
        )

    @torch.inference_mode()
    def generate(self, prompt: Prompt) -> Generated:
        """Synthesize codes with predicted durations; ``prompt.given`` keeps those that are given.

        Raises UserError for given codes that are not the model's codec's, or do not fit the text.
        """
        self.require_controls(prompt.controls)
        settings = self.settings.updated(prompt.controls)
        read = self._read(prompt)
        if prompt.given is None:
            durations, notes = self.duration.generate(
                read.durations, read.mask, prompt.controls, prompt.generator
            )
        else:
            durations, notes = prompt.given.durations, ()
        frame_mask = mask_from_lengths(durations.sum(-1))
        conditioning = self._conditioning(read.states, read.mask, durations, read.style, frame_mask)
        lengths = conditioning.lengths
        if prompt.given is None:
            codes = durations.new_zeros(*conditioning.mask.shape, self.codebooks)
            kept = torch.zeros_like(codes, dtype=torch.bool)
        else:
            require_fitting(prompt.given, self.codec, lengths)
            codes, kept = prompt.given.codes, prompt.given.kept
        guess = self._guess(conditioning, settings)
        tokens, refinement = refine(
            guess, codes, kept, lengths, settings, self.entries, prompt.generator
        )
        deviation = (0.5 * read.durations.log_duration_variance).exp() * read.mask
        return Generated(
            tokens, lengths, code_durations(durations, self.length_regulator.stride), notes=notes,
            refinement=refinement, duration_deviation=deviation if self.duration.variance else None,
        )  # fmt: skip

    @torch.inference_mode()
    def predicted_durations(self, prompt: Prompt) -> Tensor:
        """Return the predicted durations ``(B, N)`` in mel frames, not rounded, 0 at padding."""
        read = self._read(prompt)
        return read.durations.log_duration.exp() * read.mask

    def _read(self, prompt: Prompt) -> "_Text":
        """Encode the text of a prompt and predict its durations."""
        mask = mask_from_lengths(prompt.token_lengths, prompt.tokens.shape[1])
        style = self.prompt_style(prompt).vector
        embedded = self.embedded(prompt.tokens, prompt.language, mask)
        states = self.encoder(embedded, Context(mask=mask, style=style))
        return _Text(states, mask, style, self.duration(states, mask, style))

    def _guess(
        self, conditioning: Conditioning, settings: RefinementSettings
    ) -> Callable[[Tensor, int], Guess]:
        """Return the prediction of a level, with guidance and the controller's probability."""
        lengths, stopping = conditioning.lengths, self.stopping
        without = conditioning.dropped(torch.ones_like(lengths, dtype=torch.bool))

        def guess(tokens: Tensor, number: int) -> Guess:
            level = torch.full_like(lengths, number)
            prediction = self.audio(tokens, level, conditioning)
            logits = prediction.logits
            if settings.guidance:
                unconditional = self.audio(tokens, level, without).logits
                logits = logits + settings.guidance * (logits - unconditional)
            if stopping is None:
                return Guess(logits)

            def helpful(masked: Tensor) -> Tensor:
                return stopping(conditioning.summary, prediction, masked, level).sigmoid()

            return Guess(logits, helpful)

        return guess

    @torch.inference_mode()
    def align(self, batch: Batch) -> Tensor:
        assert batch.mel is not None
        mask = mask_from_lengths(batch.token_lengths, batch.tokens.shape[1])
        embedded = self.embedded(batch.tokens, batch.language, mask)
        return aligned(self.aligner, embedded, self.normalized(batch.mel), batch)[0]

    def diagnostics(self, output: MaskedCodecOutput) -> Diagnostics:
        right = ((output.logits.argmax(-1) == output.codes) & output.masked).sum(-1)
        count = output.masked.sum(-1)
        sums = right.new_zeros(2, self.codebooks)
        sums[0].scatter_add_(0, output.level, right)
        sums[1].scatter_add_(0, output.level, count)
        return Diagnostics(
            log_attention=output.log_attention,
            durations=output.targets.durations,
            predicted_durations=output.prosody.log_duration.exp(),
            token_accuracy=sums[0] / sums[1],  # NaN for a level that was not drawn
        )

    def _draw_mask(self, lengths: Tensor, frames: int, copies: int) -> TrainingMask:
        if self.training:
            shares = codebook_shares(self.codebooks, self.coarse, lengths.device)
            level = torch.multinomial(shares, len(lengths), replacement=True)
            return draw_mask(level, lengths, frames, self.prompted)
        generator = torch.Generator(lengths.device).manual_seed(VALIDATION_SEED)
        level = torch.arange(copies, device=lengths.device).repeat_interleave(len(lengths))
        return draw_mask(level, lengths.repeat(copies), frames, 0.0, generator)

    def _drop(self, conditioning: Conditioning) -> Conditioning:
        """Drop text and style of a share of the training utterances, for guidance."""
        if not self.training or not self.cfg_dropout:
            return conditioning
        size = len(conditioning.mask)
        return conditioning.dropped(
            torch.rand(size, device=conditioning.mask.device) < self.cfg_dropout
        )

    def _conditioning(
        self,
        states: Tensor,
        token_mask: Tensor,
        durations: Tensor,
        style: Tensor | None,
        frame_mask: Tensor,
    ) -> Conditioning:
        text, mask = self.length_regulator(states, durations, frame_mask)
        real = token_mask[..., None].to(states.dtype)
        summary = (states * real).sum(1) / real.sum(1).clamp(min=1)
        return Conditioning(text, mask, style, summary)
