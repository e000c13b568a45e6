"""FastSpeech 2 with a learned aligner: tokens to mels in parallel.

Ren et al. 2021. The main changes: the backbones are configurable (by default a Mamba/convolution
hybrid), durations come from an aligner that is trained jointly (Badlani et al. 2022), and one
decoder step covers ``stride`` frames, which halves the decoder's cost at stride 2.
"""

from collections.abc import Callable
from typing import Annotated, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.alignment.aligner import Aligner
from tts.batch import Batch, Prompt
from tts.bounds import Bound, Channels
from tts.corpus import CorpusFacts
from tts.masks import mask_from_lengths
from tts.models.acoustic import CorpusKeys, Diagnostics, Generated
from tts.models.aligned import aligned
from tts.models.flow import FlowOutput, ResidualFlow, SamplerSettings
from tts.models.length_regulator import LengthRegulator
from tts.models.mel_model import STYLE_CONTROLS, MelModel
from tts.models.variance import Prosody, ProsodyTargets, SpeakerNormalizer, VarianceAdaptor
from tts.modules.stack import Context
from tts.modules.style import Style, StyleOutput
from tts.modules.variance_scale import scale_variance


class FastSpeechOutput(NamedTuple):
    """What the losses read."""

    mel: Tensor  # (B, T, M) natural-log magnitude, predicted with the recording's prosody
    prosody: Prosody  # predicted, per token
    targets: ProsodyTargets  # the recording's, per token
    log_attention: Tensor | None  # (B, T, N) the aligner's; None when durations were given
    token_mask: Tensor  # (B, N) bool
    frame_mask: Tensor  # (B, T) bool
    mel_before_postnet: Tensor | None = None  # (B, T, M), where there is a postnet
    mel_flow: FlowOutput | None = None  # where there is a flow-matching decoder
    prosody_flow: FlowOutput | None = None  # where there is a flow-matching adaptor
    style: StyleOutput = StyleOutput(None)


class FastSpeechParts(NamedTuple):
    """The config choices of a :class:`FastSpeech`. Called with corpus facts, it makes the model.

    The factories are called with the arguments in their comments.
    """

    dim: Channels  # channels of encoder and decoder
    encoder: Callable[..., nn.Module]  # dim, style_dim
    adaptor: Callable[..., VarianceAdaptor]  # dim, facts, style_dim
    decoder: Callable[..., nn.Module]  # dim, style_dim
    aligner: Callable[..., Aligner] | None = None  # token_dim, mel_bands; None: given durations
    style: Callable[..., Style] | None = None  # facts; None: no conditioning
    stride: Annotated[int, Bound(least=1, most=64)] = 2  # mel frames per decoder step
    # channels, dim, style_dim; samples what is added to the decoder's mel; None: deterministic
    flow: Callable[..., ResidualFlow] | None = None
    postnet: Callable[..., nn.Module] | None = None  # bands

    def __call__(self, facts: CorpusFacts) -> "FastSpeech":
        return FastSpeech(facts, self)


class FastSpeech(MelModel[FastSpeechOutput]):
    """FastSpeech 2, assembled from ``parts``.

    ``facts`` size the embeddings and carry the corpus statistics.
    """

    optional_controls = STYLE_CONTROLS | dict.fromkeys(
        SamplerSettings._fields, "model/flow=residual"
    )

    def __init__(self, facts: CorpusFacts, parts: FastSpeechParts) -> None:
        dim, stride, bands = parts.dim, parts.stride, facts.contract.bands
        super().__init__(facts, dim, parts.style)
        self.stride = stride
        style_dim = self.style_dim
        self.encoder = parts.encoder(dim=dim, style_dim=style_dim)
        self.aligner = parts.aligner(token_dim=dim, mel_bands=bands) if parts.aligner else None
        self.adaptor = parts.adaptor(dim=dim, facts=facts, style_dim=style_dim)
        self.length_regulator = LengthRegulator(dim, stride)
        self.decoder = parts.decoder(dim=dim, style_dim=style_dim)
        self.project = nn.Linear(dim, stride * bands)
        self.postnet = parts.postnet(bands=bands) if parts.postnet is not None else None
        self.flow = None
        if parts.flow is not None:
            self.flow = parts.flow(channels=stride * bands, dim=dim, style_dim=style_dim)

    @property
    def controls(self) -> frozenset[str]:
        prosody = {"rate", "pitch", "energy", "pitch_range", "prosody_temperature"}
        sampler = SamplerSettings._fields if self.flow is not None else ()
        return frozenset({*prosody, "variance_scale", *sampler}) | self.style_controls

    def forward(self, batch: Batch) -> FastSpeechOutput:
        """Predict the mel with the recording's durations, pitch and energy (teacher forcing)."""
        assert batch.mel is not None
        mel = self.normalized(batch.mel)
        token_mask = mask_from_lengths(batch.token_lengths, batch.tokens.shape[1])
        frame_mask = mask_from_lengths(batch.frame_lengths, mel.shape[1])
        styled = self.training_style(batch, mel)
        style = styled.vector

        embedded = self.embedded(batch.tokens, batch.language, token_mask)
        durations, log_attention = aligned(self.aligner, embedded, mel, batch)
        targets = ProsodyTargets(durations, *self.adaptor.normalize(batch, durations))
        states = self.encoder(embedded, Context(mask=token_mask, style=style))
        states, prosody, prosody_flow = self.adaptor(states, token_mask, style, targets)
        states, step_mask = self._decode(states, durations, style, frame_mask)
        before_postnet, predicted = self._project(states, frame_mask)
        mel_flow = None
        if self.flow is not None:
            residual = self._fold(mel * frame_mask[..., None] - predicted.detach())
            mel_flow = self.flow(residual, states, step_mask, style)
        return FastSpeechOutput(
            mel=self.denormalized(predicted, frame_mask),
            prosody=prosody,
            targets=targets,
            log_attention=log_attention,
            token_mask=token_mask,
            frame_mask=frame_mask,
            mel_before_postnet=None if self.postnet is None
            else self.denormalized(before_postnet, frame_mask),
            mel_flow=mel_flow,
            prosody_flow=prosody_flow,
            style=styled,
        )  # fmt: skip

    @torch.inference_mode()
    def generate(self, prompt: Prompt) -> Generated:
        """Synthesize a mel with predicted or sampled prosody."""
        self.require_controls(prompt.controls)
        token_mask = mask_from_lengths(prompt.token_lengths, prompt.tokens.shape[1])
        style = self.prompt_style(prompt).vector
        deviations = self.adaptor.normalize.deviations(prompt)

        embedded = self.embedded(prompt.tokens, prompt.language, token_mask)
        states = self.encoder(embedded, Context(mask=token_mask, style=style))
        states, (durations, notes), prosody = self.adaptor.generate(
            states, token_mask, style, deviations, prompt.controls, prompt.generator
        )
        frame_lengths = durations.sum(-1)
        frame_mask = mask_from_lengths(frame_lengths)
        states, step_mask = self._decode(states, durations, style, frame_mask)
        _, mel = self._project(states, frame_mask)
        if self.flow is not None:
            residual = self.flow.sample(states, step_mask, style, prompt.controls, prompt.generator)
            mel = mel + self._unfold(residual, mel.shape[1])
        if prompt.controls.variance_scale is not None:
            mel = scale_variance(mel, frame_mask, prompt.controls.variance_scale)
        mel = self.denormalized(mel, frame_mask)
        return Generated(
            mel, frame_lengths, durations, prosody.pitch, prosody.energy, notes,
            duration_deviation=(0.5 * prosody.log_duration_variance).exp(),
        )  # fmt: skip

    def diagnostics(self, output: FastSpeechOutput) -> Diagnostics:
        return Diagnostics(
            mel=output.mel,
            log_attention=output.log_attention,
            durations=output.targets.durations,
            predicted_durations=output.prosody.log_duration.exp(),
            pitch=output.targets.pitch,
            predicted_pitch=output.prosody.pitch,
        )

    def corpus_keys(self) -> CorpusKeys:
        own = tuple(f"adaptor.normalize.{name}" for name in SpeakerNormalizer.STATISTICS)
        keys = super().corpus_keys()
        return keys._replace(statistics=own + keys.statistics)

    def _decode(
        self, states: Tensor, durations: Tensor, style: Tensor | None, frame_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """``(B, N, C)`` -> decoder states ``(B, T / stride, C)`` and their mask."""
        steps, mask = self.length_regulator(states, durations, frame_mask)
        return self.decoder(steps, Context(mask=mask, style=style)), mask

    def _project(self, states: Tensor, frame_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Decoder states -> normalized mels ``(B, T, M)``, before and after the postnet."""
        before_postnet = self._unfold(self.project(states).float(), frame_mask.shape[1])
        before_postnet = before_postnet * frame_mask[..., None]
        if self.postnet is None:
            return before_postnet, before_postnet
        return before_postnet, self.postnet(before_postnet, frame_mask).float()

    def _fold(self, mel: Tensor) -> Tensor:
        """``(B, T, M)`` -> ``(B, T / stride, stride * M)``."""
        mel = F.pad(mel, (0, 0, 0, -mel.shape[1] % self.stride))
        return mel.reshape(len(mel), -1, self.stride * self.bands)

    def _unfold(self, folded: Tensor, frames: int) -> Tensor:
        """``(B, T / stride, stride * M)`` -> ``(B, frames, M)``."""
        return folded.reshape(len(folded), -1, self.bands)[:, :frames]
