"""FastSpeech2-style text to mel: encode tokens, align, adapt prosody, stretch to frames, decode.

Ren et al. 2021 with three changes: the encoder and decoder are a Mamba/convolution hybrid, the
durations come from an aligner learned beside the rest (Badlani et al. 2022) instead of a separate
tool, and the decoder works on groups of ``stride`` frames, which halves its cost at stride 2.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.alignment.aligner import Aligner
from tts.alignment.regulator import frame_to_token_index, gather_tokens
from tts.batch import Batch, Prompt, Sampling
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.models.flow import FlowOutput, ResidualFlow
from tts.models.variance import Prosody, Targets, VarianceAdaptor
from tts.modules.stack import Context
from tts.modules.variance_scale import check_variance_scale, scale_variance


class FastSpeechOutput(NamedTuple):
    """What the losses and the pictures read."""

    mel: Tensor  # (B, T, M) natural-log magnitude, regressed from the recording's own prosody
    prosody: Prosody  # predicted, per token
    targets: Targets  # the recording's
    log_attention: Tensor | None  # (B, T, N) the aligner's, None when durations were given
    token_mask: Tensor  # (B, N) bool
    frame_mask: Tensor  # (B, T) bool
    mel_before_postnet: Tensor | None = (
        None  # (B, T, M) the mel before the postnet, where there is one
    )
    mel_flow: FlowOutput | None = None  # of a model that draws
    prosody_flow: FlowOutput | None = None


class Generated(NamedTuple):
    """Speech before the vocoder."""

    mel: Tensor  # (B, T, M) natural-log magnitude
    frame_lengths: Tensor  # (B,) int64
    durations: Tensor  # (B, N) int64 frames
    pitch: Tensor  # (B, N) z-score of ln F0 under the speaker's statistics
    energy: Tensor  # (B, N) z-score of log energy


class FastSpeech(nn.Module):
    """Assembled from factories, so that every part is a config choice.

    ``facts`` size the embeddings and carry the statistics; ``encoder`` and ``decoder`` are called
    with ``dim`` and ``style_dim``, ``adaptor`` with ``dim, facts, style_dim``, ``aligner`` with
    ``token_dim, mel_bands`` (None: durations come with the batch), ``style`` with
    ``facts`` (None: one voice), ``flow`` with ``channels, dim, style_dim`` (None: the decoder's
    regression is what is said; else its residual is drawn and added), ``postnet`` with ``bands``
    (None: none). ``variance_scale`` (:func:`scale_variance`) and ``pitch_range``, by which a prompt's is
    multiplied, are of what is spoken, not of what is learned.
    """

    def __init__(
        self,
        facts: CorpusFacts,
        dim: int,
        encoder: Callable[..., nn.Module],
        adaptor: Callable[..., VarianceAdaptor],
        decoder: Callable[..., nn.Module],
        aligner: Callable[..., Aligner] | None = None,
        style: Callable[..., nn.Module] | None = None,
        stride: int = 2,
        flow: Callable[..., ResidualFlow] | None = None,
        postnet: Callable[..., nn.Module] | None = None,
        variance_scale: float = 1.0,
        pitch_range: float = 1.0,
    ) -> None:
        super().__init__()
        self.variance_scale = check_variance_scale(variance_scale, "model.variance_scale")
        if not 0 <= pitch_range <= 5:
            raise UserError(f"model.pitch_range={pitch_range} lies outside 0 to 5")
        self.pitch_range = pitch_range
        bands = facts.contract.bands
        self.bands, self.stride = bands, stride
        self.register_buffer("mel_mean", torch.tensor(facts.mel_mean))
        self.register_buffer("mel_std", torch.tensor(max(facts.mel_std, 1e-3)))
        self.mel_mean: Tensor
        self.mel_std: Tensor
        self.style = style(facts=facts) if style is not None else None
        style_dim = self.style.dim if self.style is not None else None
        self.embed = nn.Embedding(len(facts.symbols), dim, padding_idx=0)
        nn.init.normal_(self.embed.weight, std=dim**-0.5)
        # one language needs no table: a part that cannot change anything is left out
        many = len(facts.languages) > 1
        self.embed_language = nn.Embedding(len(facts.languages), dim) if many else None
        self.encoder = encoder(dim=dim, style_dim=style_dim)
        self.aligner = aligner(token_dim=dim, mel_bands=bands) if aligner is not None else None
        self.adaptor = adaptor(dim=dim, facts=facts, style_dim=style_dim)
        self.length_regulator = LengthRegulator(dim, stride)
        self.decoder = decoder(dim=dim, style_dim=style_dim)
        self.project = nn.Linear(dim, stride * bands)
        self.postnet = postnet(bands=bands) if postnet is not None else None
        channels = stride * bands
        self.flow = flow(channels=channels, dim=dim, style_dim=style_dim) if flow else None

    def forward(self, batch: Batch) -> FastSpeechOutput:
        """Teacher-forced: the recording's durations, pitch and energy; the mel is predicted."""
        assert batch.mel is not None
        mel = (batch.mel - self.mel_mean) / self.mel_std
        token_mask = mask_from_lengths(batch.token_lengths, batch.tokens.shape[1])
        frame_mask = mask_from_lengths(batch.frame_lengths, mel.shape[1])
        style = self._style(batch.speaker, mel, batch.frame_lengths)

        embedded = self._embed(batch.tokens, batch.language, token_mask)
        durations, log_attention = self._align(embedded, mel, batch)
        targets = Targets(durations, *self.adaptor.normalize(batch, durations))
        states = self.encoder(embedded, Context(mask=token_mask, style=style))
        states, prosody, prosody_flow = self.adaptor(states, token_mask, style, targets)
        states, mask = self._decode(states, durations, style, frame_mask)
        mel_before_postnet, predicted = self._regress(states, frame_mask)
        mel_flow = None
        if self.flow is not None:
            residual = self._fold(mel * frame_mask[..., None] - predicted.detach())
            mel_flow = self.flow(residual, states, mask, style)
        return FastSpeechOutput(
            self._in_units(predicted, frame_mask),
            prosody,
            targets,
            log_attention,
            token_mask,
            frame_mask,
            None if self.postnet is None else self._in_units(mel_before_postnet, frame_mask),
            mel_flow,
            prosody_flow,
        )

    @torch.inference_mode()
    def generate(self, prompt: Prompt) -> Generated:
        """Speak: ``Prompt`` -> mel of the predicted length."""
        variance_scale = self.variance_scale
        if prompt.variance_scale is not None:
            variance_scale = check_variance_scale(prompt.variance_scale, "variance_scale")
        mask = mask_from_lengths(prompt.token_lengths, prompt.tokens.shape[1])
        reference = prompt.reference
        if reference is not None:
            reference = (reference - self.mel_mean) / self.mel_std
        style = self._style(prompt.speaker, reference, prompt.reference_lengths)
        speaker = prompt.tokens.new_zeros(len(mask)) if prompt.speaker is None else prompt.speaker

        embedded = self._embed(prompt.tokens, prompt.language, mask)
        states = self.encoder(embedded, Context(mask=mask, style=style))
        states, durations, prosody = self.adaptor.generate(
            states, mask, style, speaker,
            rate=prompt.rate, pitch=prompt.pitch, energy=prompt.energy,
            pitch_range=self.pitch_range * prompt.pitch_range,
            temperature=prompt.prosody_temperature,
        )  # fmt: skip
        frame_lengths = durations.sum(-1)
        frame_mask = mask_from_lengths(frame_lengths)
        states, mask = self._decode(states, durations, style, frame_mask)
        _, mel = self._regress(states, frame_mask)
        if self.flow is not None:
            drawn = self.flow.sample(states, mask, style, prompt.sampling)
            mel = mel + self._unfold(drawn, mel.shape[1])
        else:
            _require_nothing_asked(prompt.sampling)
        mel = self._in_units(scale_variance(mel, frame_mask, variance_scale), frame_mask)
        return Generated(mel, frame_lengths, durations, prosody.pitch, prosody.energy)

    def _style(
        self, speaker: Tensor | None, mel: Tensor | None, lengths: Tensor | None
    ) -> Tensor | None:
        """``(B, style_dim)`` or None; ``mel`` is normalized."""
        if self.style is None:
            return None
        return self.style(speaker=speaker, mel=mel, lengths=lengths)

    def _embed(self, tokens: Tensor, language: Tensor | None, mask: Tensor) -> Tensor:
        embedded = self.embed(tokens) * self.embed.embedding_dim**0.5
        if self.embed_language is not None and language is not None:
            embedded = embedded + self.embed_language(language)[:, None]
        return embedded * mask[..., None]

    def _align(self, embedded: Tensor, mel: Tensor, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Durations ``(B, N)`` in frames and the soft alignment they were searched in."""
        if self.aligner is None:
            if batch.durations is None:
                raise UserError(
                    "model/aligner=given needs durations in the prepared corpus, and this one has "
                    "none: use data=recording or data=demo, or model/aligner=learned"
                )
            return batch.durations, None
        alignment = self.aligner(embedded, mel, batch.token_lengths, batch.frame_lengths)
        return alignment.durations, alignment.log_attention

    def _decode(
        self, states: Tensor, durations: Tensor, style: Tensor | None, frame_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Adapted tokens ``(B, N, C)`` -> decoder states ``(B, T / stride, C)`` and their mask."""
        spread, mask = self.length_regulator(states, durations, frame_mask)
        return self.decoder(spread, Context(mask=mask, style=style)), mask

    def _regress(self, states: Tensor, frame_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Decoder states -> normalized mels ``(B, T, M)``, before and after the postnet."""
        mel_before_postnet = self._unfold(self.project(states).float(), frame_mask.shape[1])
        mel_before_postnet = mel_before_postnet * frame_mask[..., None]
        if self.postnet is None:
            return mel_before_postnet, mel_before_postnet
        return mel_before_postnet, self.postnet(mel_before_postnet, frame_mask).float()

    def _fold(self, mel: Tensor) -> Tensor:
        """``(B, T, M)`` -> ``(B, T / stride, stride * M)``."""
        mel = F.pad(mel, (0, 0, 0, -mel.shape[1] % self.stride))
        return mel.reshape(len(mel), -1, self.stride * self.bands)

    def _unfold(self, folded: Tensor, frames: int) -> Tensor:
        return folded.reshape(len(folded), -1, self.bands)[:, :frames]

    def _in_units(self, mel: Tensor, frame_mask: Tensor) -> Tensor:
        """Normalized -> log magnitudes."""
        return (mel * self.mel_std + self.mel_mean) * frame_mask[..., None]


def _require_nothing_asked(sampling: Sampling) -> None:
    for name, value in sampling._asdict().items():
        if value is not None:
            raise UserError(
                f"{name}={value}: this model's decoder draws nothing, it regresses; one trained "
                "with model/flow=residual draws"
            )


class LengthRegulator(nn.Module):
    """Repeats tokens into frames and folds every ``stride`` frames into one decoder step.

    The fold is a linear map of the concatenated frames. It is applied to the tokens, of which
    there are several times fewer than frames, and gathered after: the same numbers for a fraction
    of the work. Every frame also learns where in its token it lies, which repetition alone hides.
    """

    def __init__(self, dim: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.fold = nn.Linear(dim, dim * stride, bias=False)  # one (dim, dim) map per frame
        self.position = nn.Linear(3 * stride, dim)

    def forward(
        self, states: Tensor, durations: Tensor, frame_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """``states (B, N, C)`` -> ``(B, ceil(T / stride), C)`` and its mask."""
        size, tokens, dim = states.shape
        frames = frame_mask.shape[1]
        index = frame_to_token_index(durations, frames)  # (B, T)
        place = self._place(index, durations) * frame_mask[..., None]  # (B, T, 3)
        padding = -frames % self.stride
        index, mask = F.pad(index, (0, padding)), F.pad(frame_mask, (0, padding))
        place = F.pad(place, (0, 0, 0, padding))

        folded = self.fold(states).reshape(size, tokens, self.stride, dim)
        index = index.reshape(size, -1, self.stride)
        mask = mask.reshape(size, -1, self.stride)
        length_regulator = self.position(place.reshape(size, -1, 3 * self.stride).to(states.dtype))
        for part in range(self.stride):
            part_mask = mask[:, :, part, None].to(states.dtype)
            repeated = gather_tokens(folded[:, :, part], index[:, :, part])
            length_regulator = length_regulator + repeated * part_mask
        any_real = mask.any(-1)
        return length_regulator * any_real[..., None], any_real

    @staticmethod
    def _place(index: Tensor, durations: Tensor) -> Tensor:
        """``(B, T, 3)``: how far into its token a frame is, from both ends; its length."""
        starts = torch.cumsum(durations, -1) - durations
        start, length = starts.gather(1, index), durations.gather(1, index).clamp(min=1)
        offset = torch.arange(index.shape[1], device=index.device) - start + 0.5
        fraction = offset / length
        return torch.stack([fraction, 1 - fraction, length.float().log() - 2.0], -1)
