"""Graphs of a whole voice and of vocoders for export, and which models have one."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from tts.errors import UserError, listed
from tts.export.graphs.acoustic import AcousticGraph
from tts.export.graphs.vocos import HarmonicGraph, vocos_graph
from tts.models.acoustic import AcousticModel
from tts.models.fastspeech import FastSpeech
from tts.vocoders.harmonic_vocos import HarmonicVocos
from tts.vocoders.hifigan import HiFiGAN
from tts.vocoders.vocoder import Vocoder
from tts.vocoders.vocos import Vocos


class VoiceGraph(nn.Module):
    """``inputs`` of :class:`AcousticGraph` -> waveform ``(1, S)``, mel ``(1, T, M)``, durations
    and their log-variance ``(1, N)``."""

    def __init__(self, acoustic: AcousticGraph, vocoder: nn.Module) -> None:
        super().__init__()
        self.acoustic, self.vocoder = acoustic, vocoder

    def forward(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        mel, durations, log_variance = self.acoustic(inputs)
        return self.vocoder(mel), mel, durations, log_variance


class VocoderGraph(nn.Module):
    """``inputs["mel"] (1, T, M)`` -> waveform ``(1, S)``."""

    def __init__(self, vocoder: nn.Module) -> None:
        super().__init__()
        self.vocoder = vocoder

    def forward(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor]:
        return (self.vocoder(inputs["mel"]),)


class HiFiGANGraph(nn.Module):
    """``mel (1, T, M)`` -> samples ``(1, T * hop)`` in [-1, 1]."""

    def __init__(self, vocoder: HiFiGAN) -> None:
        super().__init__()
        self.vocoder = vocoder

    def forward(self, mel: Tensor) -> Tensor:
        return self.vocoder(mel)


VOCODERS: dict[type[Vocoder], Callable[..., nn.Module]] = {
    Vocos: vocos_graph, HarmonicVocos: HarmonicGraph, HiFiGAN: HiFiGANGraph,
}  # fmt: skip


def vocoder_graph(vocoder: Vocoder) -> nn.Module:
    """Return the graph of a vocoder, mel to samples. Raises UserError for one without."""
    made = VOCODERS.get(type(vocoder))
    if made is None:
        names = listed([kind.__name__ for kind in VOCODERS])
        raise UserError(
            f"a {type(vocoder).__name__} cannot be exported as a graph; {names} can: choose one "
            "with vocoder=vocos vocoder.path=... or vocoder=hifigan vocoder.path=..., or use "
            "format=voice"
        )
    return made(vocoder)


def require_exportable(model: nn.Module) -> FastSpeech:
    """Return a FastSpeech. Raises UserError for another family."""
    if not isinstance(model, FastSpeech):
        kind = "An acoustic model" if isinstance(model, AcousticModel) else "A model"
        raise UserError(
            f"{type(model).__name__}: {kind.lower()} of this family cannot be exported as a graph; "
            "model=fastspeech can, with model/flow and model/adaptor of any kind. Use format=voice"
        )
    return model
