"""Waveforms of what a model in training synthesizes: by a vocoder, or by the codec of its codes."""

from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from tts.callbacks.support.datamodule import datamodule
from tts.models.acoustic import AcousticModel
from tts.vocoders.codec_decoder import CodecDecoder


def decoder_of(
    trainer: pl.Trainer, model: AcousticModel[Any], make_vocoder: Callable[..., nn.Module]
) -> nn.Module:
    """Return what turns the features of ``model`` into samples.

    ``make_vocoder``: a factory called with the mel contract, for a model of mels.
    """
    data = datamodule(trainer)
    if model.features == "mel":
        return make_vocoder(contract=data.facts.contract)
    codec = data.load_codec()
    assert codec is not None
    return CodecDecoder(codec)


def waveform_of(decoder: nn.Module, features: Tensor) -> Tensor:
    """Return the samples ``(S,)`` of one utterance's features ``(1, T, ...)``, on the CPU."""
    features = features.cpu()
    if features.is_floating_point():
        features = features.float()
    with torch.no_grad():
        wave: Tensor = decoder(features)[0].clamp(-1, 1)
    return wave
