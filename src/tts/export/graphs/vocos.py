"""Graphs of Vocos for export: complex numbers and Fourier transforms as real operations."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.export.graphs.stft import RealSTFT
from tts.vocoders.frame_vocoder import MAX_MAGNITUDE, FrameVocoder
from tts.vocoders.harmonic_vocos import HarmonicVocos
from tts.vocoders.inverse_mel import EPSILON, MAX_GAIN
from tts.vocoders.vocos import PRIOR_FLOOR, Vocos

MOMENTUM = 0.99  # of InverseSTFT.refine_phases
TINY = 1e-8


def vocos_graph(vocos: Vocos) -> nn.Module:
    """Return the graph of a Vocos, by its head."""
    return VocosGraph(vocos) if vocos.head == "spectrum" else SamplesGraph(vocos)


class SamplesGraph(nn.Module):
    """``mel (1, T, M)`` -> samples ``(1, T * hop)`` in [-1, 1], by a Vocos with head=samples."""

    def __init__(self, vocos: Vocos) -> None:
        super().__init__()
        self.vocos, self.samples = vocos, vocos.samples.merged()

    def forward(self, mel: Tensor) -> Tensor:
        frames: Tensor = self.samples(_features(self.vocos, mel))
        return frames.flatten(1).clamp(-1, 1)


class SpectrumGraph(nn.Module):
    """``mel (1, T, M)`` -> samples ``(1, T * hop)`` in [-1, 1], refinement rounds included."""

    def __init__(self, vocos: FrameVocoder) -> None:
        super().__init__()
        self.vocos = vocos
        self.transform = transform = RealSTFT(vocos.inverse_stft.window, vocos.inverse_stft.hop)
        self.start = vocos.inverse_stft.start
        inverse_mel = vocos.inverse_mel
        self.spectrum = self._arranged(vocos.spectrum, signed=(False, True))
        filters = transform.arranged(inverse_mel.filters[None]).mT  # (r, q, M)
        once = (~transform.repeated).float()[..., None]
        self.register_buffer("filters", (filters * once).contiguous(), persistent=False)
        shares = transform.arranged(inverse_mel.shares[None]).contiguous()  # (r, M, q)
        self.register_buffer("shares", shares, persistent=False)
        uncovered = transform.arranged(inverse_mel.uncovered[None, None])  # (r, 1, q)
        self.register_buffer("uncovered", uncovered, persistent=False)
        self.filters: Tensor
        self.shares: Tensor
        self.uncovered: Tensor

    def forward(self, mel: Tensor) -> Tensor:
        vocos = self.vocos
        real, imaginary = self._predict(mel)
        weight = self._weight(mel.shape[1])
        wave = self.transform.inverse(real, imaginary) * weight
        previous: tuple[Tensor, Tensor] | None = None
        relax = 1 - vocos.magnitude_weight
        exponent = (1 - self.uncovered) * relax
        magnitude = _square(real, imaginary).sqrt()
        log_first = magnitude.clamp(min=EPSILON).log() * (1 - exponent)
        target = mel[0].exp()
        for _ in range(vocos.refinements):
            consistent = self.transform.forward_stft(wave)
            moved = consistent
            if previous is not None:  # a common factor changes nothing
                moved = tuple(
                    new - MOMENTUM / (1 + MOMENTUM) * old
                    for old, new in zip(previous, consistent, strict=True)
                )  # type: ignore[assignment]
            if relax:
                found = _square(*consistent).sqrt()
                matched = found * self._gain(found, target)
                magnitude = (log_first + matched.log() * exponent).exp()
            scale = magnitude / _square(*moved).sqrt()
            wave = self.transform.inverse(moved[0] * scale, moved[1] * scale) * weight
            previous = consistent
        samples = wave[:, self.start : self.start + mel.shape[1] * self.transform.hop]
        return samples.clamp(-1, 1)

    def _gain(self, magnitude: Tensor, target: Tensor) -> Tensor:
        """Return :meth:`InverseMel.gain` of bins ``(r, T, q)``; ``target (T, M)``."""
        power = self.vocos.inverse_mel.power
        found = (magnitude.pow(power) if power != 1 else magnitude) @ self.filters
        gains = (target / (found.sum(0) + EPSILON)).clamp(1 / MAX_GAIN, MAX_GAIN)
        gain = gains @ self.shares + self.uncovered
        return gain.pow(1 / power) if power != 1 else gain

    def _predict(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Return the network's spectrum, real and imaginary part, ``(r, T, q)`` each."""
        raise NotImplementedError

    def _split(self, values: Tensor, parts: int) -> list[Tensor]:
        """``(1, T, parts * r * q)`` -> ``parts`` times ``(r, T, q)``."""
        shaped = values.reshape(-1, parts, *self.transform.bins.shape)
        return [part.transpose(0, 1) for part in shaped.unbind(1)]

    def _arranged(self, layer: nn.Linear, signed: Sequence[bool]) -> nn.Linear:
        """Return a last layer with its outputs in the order of the transform.

        ``signed``: for each of its parts, whether a conjugate bin has the opposite sign.
        """
        bins, signs = self.transform.bins.flatten(), self.transform.signs.flatten()
        size = layer.out_features // len(signed)
        rows = torch.cat([bins + size * part for part in range(len(signed))])
        signs = torch.cat([signs if each else torch.ones_like(signs) for each in signed])
        arranged = nn.Linear(layer.in_features, len(rows))
        with torch.no_grad():
            arranged.weight.copy_(layer.weight[rows] * signs[:, None])
            arranged.bias.copy_(layer.bias[rows] * signs)
        return arranged

    def _weight(self, frames: int) -> Tensor:
        """Return one over the summed squared windows, 0 where there are no samples: ``(1, S)``."""
        window = self.vocos.inverse_stft.window
        sums = self.transform.overlap_add((window * window).expand(1, frames, -1))
        place = torch.arange(sums.shape[1])
        inside = (place >= self.start) & (place < self.start + frames * self.transform.hop)
        return inside / sums.clamp(min=TINY)


class VocosGraph(SpectrumGraph):
    """The graph of a :class:`Vocos` with head=spectrum."""

    vocos: Vocos

    def _predict(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        vocos = self.vocos
        x = _features(vocos, mel)
        magnitude, phase = self._split(self.spectrum(x), 2)
        if vocos.prior:
            prior = vocos.inverse_mel(mel).clamp(min=PRIOR_FLOOR).log()
            magnitude = magnitude + self.transform.arranged(prior)
        magnitude = magnitude.exp().clamp(max=MAX_MAGNITUDE)
        return magnitude * phase.cos(), magnitude * phase.sin()


class HarmonicGraph(SpectrumGraph):
    """The graph of a :class:`HarmonicVocos`, its source included."""

    vocos: HarmonicVocos

    def __init__(self, vocos: HarmonicVocos) -> None:
        super().__init__(vocos)
        self.noise = self._arranged(vocos.noise, signed=(False,))
        nearest = self.transform.arranged(vocos.inverse_mel.nearest[None]).contiguous()
        self.register_buffer("nearest", nearest, persistent=False)  # (r, M, q)
        self.nearest: Tensor

    def _predict(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        x, target = _features(self.vocos, mel), mel[0].exp()
        magnitude, phase = self._split(self.spectrum(x), 2)
        (noise_magnitude,) = self._split(self.noise(x), 1)
        impulses, noise = self._excitation(mel)
        found = _square(*impulses).sqrt()
        voiced = magnitude.exp() * self._band_gains(found, target)
        unvoiced = noise_magnitude.exp() * self._band_gains(torch.ones_like(found), target)
        voiced, unvoiced = (part.clamp(max=MAX_MAGNITUDE) for part in (voiced, unvoiced))
        cosine, sine = voiced * phase.cos(), voiced * phase.sin()
        return (
            cosine * impulses[0] - sine * impulses[1] + unvoiced * noise[0],
            cosine * impulses[1] + sine * impulses[0] + unvoiced * noise[1],
        )

    def _excitation(self, mel: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return the transforms of the source's impulses and of its noise, of magnitude 1."""
        source = self.vocos.source
        excitation, _ = source.excitation(source.track(mel))
        after = self.transform.pieces * self.transform.hop - self.start
        impulses, noise = (
            self.transform.forward_stft(F.pad(part.flatten(1), (self.start, after)))
            for part in excitation.unbind(2)
        )
        level = 2 / self.vocos.inverse_stft.window.sum()
        size = _square(*noise).sqrt()
        return (impulses[0] * level, impulses[1] * level), (noise[0] / size, noise[1] / size)

    def _band_gains(self, magnitude: Tensor, target: Tensor) -> Tensor:
        """Return :meth:`InverseMel.band_gains` of bins ``(r, T, q)``; ``target (T, M)``."""
        inverse_mel = self.vocos.inverse_mel
        power = inverse_mel.power
        found = (magnitude.pow(power) if power != 1 else magnitude) @ self.filters
        gain = (target / found.sum(0).clamp(min=inverse_mel.least)) @ self.nearest
        return gain.pow(1 / power) if power != 1 else gain


def _features(vocos: FrameVocoder, mel: Tensor) -> Tensor:
    """Return what the head of ``vocos`` reads, ``(1, T, dim)``."""
    x: Tensor = vocos.norm(vocos.embed(mel))
    for block in vocos.blocks:
        x = block(x)
    return vocos.last_norm(x)


def _square(real: Tensor, imaginary: Tensor) -> Tensor:
    return real * real + imaginary * imaginary + TINY
