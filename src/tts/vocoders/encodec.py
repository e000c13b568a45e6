"""EnCodec: SEANet with LSTM and residual vector quantization (Défossez et al. 2022).

https://github.com/facebookresearch/encodec; ``python -m tts convert`` reads its checkpoints.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tts.bounds import Positive, ShareBelowOne
from tts.contract import MelContract
from tts.errors import UserError
from tts.modules.quantizer import Quantizer
from tts.vocoders.codec import Codec
from tts.vocoders.seanet import SEANet, SEANetDecoder, SEANetEncoder
from tts.vocoders.vocoder import VocoderOutput

LEVEL = 0.07  # RMS of what a codec of normalized audio decodes: codes alone have no loudness
SILENCE = 1e-8  # added to the RMS before a division


class Segment(NamedTuple):
    """Codes of a part of a recording."""

    codes: Tensor  # (B, T, K) int64
    scale: Tensor | None  # (B, 1) what its samples were divided by; None: not normalized


class Encodec(Codec):
    """Neural codec of waveforms: encoder, residual quantizer, decoder.

    ``bandwidth``: kbit/s, which sets the number of codebooks. ``quantizer(dim, codebooks)`` and
    ``seanet`` are its parts. ``normalize``: divide samples by their RMS; ``segment``, ``overlap``:
    seconds that the published code encodes at once, and the share that two of them have in common.

    :meth:`encode` and :meth:`decode` take a whole utterance in mono, as models of codes need it.
    :meth:`encode_segments` and :meth:`decode_segments` do what the published code does.
    """

    def __init__(
        self,
        mel: MelContract,
        quantizer: Callable[..., Quantizer],
        seanet: SEANet,
        bandwidth: Positive = 6.0,
        normalize: bool = False,
        segment: Positive | None = None,
        overlap: ShareBelowOne = 0.01,
    ) -> None:
        size = quantizer(dim=1, codebooks=1).codebook_size
        codebooks = codebooks_of(bandwidth, mel.sample_rate, seanet.hop, size)
        super().__init__(mel, seanet.hop, codebooks, size)
        self.normalize, self.segment, self.overlap = normalize, segment, overlap
        self.audio_channels = seanet.audio_channels
        self.encoder = SEANetEncoder(seanet)
        self.quantizer = quantizer(dim=seanet.dim, codebooks=codebooks)
        self.decoder = SEANetDecoder(seanet)

    def encode(self, waveform: Tensor) -> Tensor:
        """``(B, S)`` samples in [-1, 1] -> ``(B, T, K)`` int64 codes, T = ceil(S / hop)."""
        self.check_waveform(waveform)
        channels = waveform[:, None].expand(-1, self.audio_channels, -1)
        return self._encode(channels).codes

    def decode(self, codes: Tensor) -> Tensor:
        """``(B, T, K)`` int64 codes -> ``(B, T * hop)`` samples in [-1, 1].

        Codes of normalized audio have no loudness: its RMS becomes 0.07. Raises UserError for codes
        that are not of this codec's shape and range.
        """
        self.check(codes)
        wave = self._synthesize(self.quantizer.dequantize(codes)).mean(1)
        if self.normalize:
            wave = wave * LEVEL / (wave.square().mean(-1, keepdim=True).sqrt() + SILENCE)
        return wave.clamp(-1, 1)

    def code_vectors(self) -> Tensor:
        return self.quantizer.code_vectors()

    def training_output(
        self, mel: Tensor, audio: Tensor, pitch: Tensor | None = None
    ) -> VocoderOutput:
        """Return what the losses read of a clip: log mel ``(B, T, M)``, its samples ``(B, S)``."""
        channels = audio[:, None].expand(-1, self.audio_channels, -1)
        channels, scale = self._normalized(channels)
        quantized = self.quantizer(self.encoder(channels).mT)
        wave = self._synthesize(quantized.latent).mean(1)[:, : audio.shape[1]]
        wave = wave if scale is None else wave * scale
        return VocoderOutput(wave, commitment=quantized.commitment)

    def encode_segments(self, waveform: Tensor) -> list[Segment]:
        """``(B, audio_channels, S)`` samples -> codes and scales of segments, which overlap."""
        length, step = self._segments(waveform.shape[-1])
        starts = range(0, waveform.shape[-1], step)
        return [self._encode(waveform[..., at : at + length]) for at in starts]

    def decode_segments(self, segments: Sequence[Segment]) -> Tensor:
        """Segments -> ``(B, audio_channels, S)`` samples, at least those that were encoded.

        Where two segments overlap, one fades into the other.
        """
        waves = [self._decode(each) for each in segments]
        longest = waves[0].shape[-1]
        _, step = self._segments(longest)
        if len(waves) == 1:
            return waves[0]
        places = torch.linspace(0, 1, longest + 2, device=waves[0].device)[1:-1]
        weight = 0.5 - (places - 0.5).abs()
        total = step * (len(waves) - 1) + waves[-1].shape[-1]
        mixed, weights = waves[0].new_zeros(*waves[0].shape[:-1], total), weight.new_zeros(total)
        for number, wave in enumerate(waves):
            part = slice(number * step, number * step + wave.shape[-1])
            mixed[..., part] += weight[: wave.shape[-1]] * wave
            weights[part] += weight[: wave.shape[-1]]
        return mixed / weights

    def _segments(self, samples: int) -> tuple[int, int]:
        """Return the samples of a segment, and from one start to the next."""
        if self.segment is None:
            return samples, max(samples, 1)
        length = int(self.segment * self.sample_rate)
        return length, max(int((1 - self.overlap) * length), 1)

    def _normalized(self, channels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return ``(B, C, S)`` samples divided by their RMS ``(B, 1)``, where that is done."""
        if not self.normalize:
            return channels, None
        scale = channels.mean(1).square().mean(-1, keepdim=True).sqrt() + SILENCE
        return channels / scale[..., None], scale

    def _encode(self, channels: Tensor) -> Segment:
        channels, scale = self._normalized(channels)
        return Segment(self.quantizer.quantize(self.encoder(channels).mT), scale)

    def _decode(self, segment: Segment) -> Tensor:
        self.check(segment.codes)
        wave = self._synthesize(self.quantizer.dequantize(segment.codes))
        return wave if segment.scale is None else wave * segment.scale[..., None]

    def _synthesize(self, latent: Tensor) -> Tensor:
        """``(B, T, dim)`` vectors -> ``(B, audio_channels, T * hop)`` samples."""
        wave: Tensor = self.decoder(latent.mT)
        return wave


def codebooks_of(bandwidth: float, sample_rate: int, hop: int, codebook_size: int) -> int:
    """Return the codebooks of ``bandwidth`` kbit/s. Raises UserError where there is not one."""
    each = math.log2(codebook_size) * math.ceil(sample_rate / hop) / 1000
    count = math.floor(bandwidth / each + 1e-9)
    if count < 1:
        raise UserError(
            f"bandwidth={bandwidth:g}: one codebook of {codebook_size} codes takes {each:g} kbit/s "
            "at this frame rate"
        )
    return count
