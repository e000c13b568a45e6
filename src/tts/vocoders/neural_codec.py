"""Neural codec: an encoder, a quantizer and a Vocos decoder, trained as a vocoder is."""

import math
from collections.abc import Callable
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.audio.mel import mel_spectrogram
from tts.bounds import Bound, Channels, Depth, Iterations, Share
from tts.contract import MelContract
from tts.modules.conv import ChannelsLastConv1d
from tts.modules.quantizer import Quantizer
from tts.vocoders.codec import Codec
from tts.vocoders.codec_encoder import MEAN_LOG_MEL, SCALE_LOG_MEL, CodecEncoder
from tts.vocoders.convnext import KERNEL, Blocks
from tts.vocoders.vocoder import VocoderOutput
from tts.vocoders.vocos import Vocos

LOUDEST_LOG_MEL = 4.0  # keeps an early exp from infinity


class LatentDecoder(nn.Module):
    """ConvNeXt blocks at the code's frame rate, then ``stride`` mel frames of each frame.

    The mel is the sum of theirs and of a linear map of the latent vector.

    ``(B, T, latent)`` -> log mel ``(B, T * stride, bands)`` and what else the vocoder gets,
    ``(B, T * stride, condition)``, which is zero at first. ``dim``, ``hidden``, ``depth``: of the
    blocks, as in Vocos.
    """

    def __init__(
        self,
        latent: int,
        stride: int,
        bands: int,
        condition: int,
        dim: Channels,
        hidden: Channels,
        depth: Depth,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.embed = ChannelsLastConv1d(latent, dim, KERNEL, padding=KERNEL // 2)
        self.blocks = Blocks(dim, hidden, depth)
        self.mel = nn.Linear(dim, stride * bands)
        self.condition = nn.Linear(dim, stride * condition)
        self.context = KERNEL // 2 * (depth + 1)  # code frames
        self.linear = nn.Linear(latent, stride * bands)
        nn.init.zeros_(self.condition.weight)
        nn.init.zeros_(self.condition.bias)

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        x = self.blocks(self.embed(latent))
        mel, condition = (
            frames.unflatten(-1, (self.stride, -1)).flatten(1, 2)
            for frames in (self.mel(x) + self.linear(latent), self.condition(x))
        )
        return mel.float() * SCALE_LOG_MEL + MEAN_LOG_MEL, condition


class NeuralCodec(Codec):
    """Encoder, quantizer and decoder, trained together on clips by ``CodecSystem``.

    The decoder predicts a log mel and a condition from the quantized vectors, and ``vocos`` turns
    both into samples: a trained Vocos can be its start (``init_from``). ``stride``: mel frames per
    code frame. ``codec_encoder(mel, hop, channels)``, ``quantizer()``, ``decoder(channels, stride,
    bands, condition)`` and ``vocos(mel)`` are factories. ``refinements`` and ``magnitude_weight``
    as in :class:`Vocos`.
    """

    def __init__(
        self,
        mel: MelContract,
        codec_encoder: Callable[..., CodecEncoder],
        quantizer: Callable[..., Quantizer],
        decoder: Callable[..., LatentDecoder],
        vocos: Callable[..., Vocos],
        stride: Annotated[int, Bound(least=1, most=64)] = 2,
        refinements: Iterations = 0,
        magnitude_weight: Share = 1.0,
    ) -> None:
        made = quantizer()
        super().__init__(mel, mel.hop * stride, made.codebooks, made.codebook_size)
        self.codec_encoder = codec_encoder(mel, self.hop, made.dim)
        self.quantizer = made
        self.vocos = vocos(mel, refinements=refinements, magnitude_weight=magnitude_weight)
        self.predicts_spectrum = self.vocos.predicts_spectrum
        self.decoder = decoder(made.dim, stride, mel.bands, self.vocos.dim)
        assert self.vocos.context is not None
        self.context = self.decoder.context + math.ceil(self.vocos.context / stride)

    def encode(self, waveform: Tensor, samples: Tensor | None = None) -> Tensor:
        """``(B, S)`` samples in [-1, 1] -> ``(B, T, K)`` int64 codes, T = ceil(S / hop).

        ``samples (B,)`` int64: how many are real, in a batch with padding; None = all. Padding
        changes no code of a real frame. Raises UserError for another shape or type.
        """
        self.check_waveform(waveform)
        return self.quantizer.quantize(self.codec_encoder(self._signal(waveform, samples), samples))

    def decode(self, codes: Tensor) -> Tensor:
        """``(B, T, K)`` int64 codes -> ``(B, T * hop)`` samples in [-1, 1].

        Raises UserError for codes that are not of this codec's shape and range.
        """
        self.check(codes)
        return self._synthesize(self.quantizer.dequantize(codes))

    def code_vectors(self) -> Tensor:
        return self.quantizer.code_vectors()

    def training_output(
        self, mel: Tensor, audio: Tensor, pitch: Tensor | None = None
    ) -> VocoderOutput:
        """Return what the losses read of a clip: log mel ``(B, T, M)``, its samples ``(B, S)``."""
        signal = mel if self.codec_encoder.signal == "mel" else audio
        quantized = self.quantizer(self.codec_encoder(signal))
        decoded, condition = self.decoder(quantized.latent)
        # a clip can end within a code frame
        decoded, condition = decoded[:, : mel.shape[1]], condition[:, : mel.shape[1]]
        output = self.vocos.training_output(_bounded(decoded), audio, condition=condition)
        return output._replace(mel=decoded, commitment=quantized.commitment)

    def _signal(self, waveform: Tensor, samples: Tensor | None) -> Tensor:
        """Return what the encoder takes."""
        if self.codec_encoder.signal == "waveform":
            return waveform
        if samples is None:
            return mel_spectrogram(waveform, self.mel)
        # each recording alone: its last frames are padded by reflection
        mels = [mel_spectrogram(w[:n], self.mel) for w, n in zip(waveform, samples, strict=True)]
        frames = -(-waveform.shape[1] // self.mel.hop)
        return torch.stack([F.pad(each, (0, 0, 0, frames - len(each))) for each in mels])

    def _synthesize(self, latent: Tensor) -> Tensor:
        decoded, condition = self.decoder(latent)
        wave: Tensor = self.vocos(_bounded(decoded), condition=condition)
        return wave.clamp(-1, 1)


def _bounded(mel: Tensor) -> Tensor:
    return mel.clamp(max=LOUDEST_LOG_MEL)
