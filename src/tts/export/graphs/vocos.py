"""Graph of a Vocos for export: complex numbers and Fourier transforms as real operations."""

import torch
from torch import Tensor, nn

from tts.export.graphs.stft import RealSTFT
from tts.vocoders.inverse_mel import EPSILON, MAX_GAIN
from tts.vocoders.vocos import MAX_MAGNITUDE, PRIOR_FLOOR, Vocos

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


class VocosGraph(nn.Module):
    """``mel (1, T, M)`` -> samples ``(1, T * hop)`` in [-1, 1], refinement rounds included."""

    def __init__(self, vocos: Vocos) -> None:
        super().__init__()
        self.vocos = vocos
        self.transform = transform = RealSTFT(vocos.inverse_stft.window, vocos.inverse_stft.hop)
        self.start = vocos.inverse_stft.start
        inverse_mel = vocos.inverse_mel
        self.spectrum = self._arranged_spectrum()
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
        magnitude, phase = self._predict(mel)
        real, imaginary = magnitude * phase.cos(), magnitude * phase.sin()
        weight = self._weight(mel.shape[1])
        wave = self.transform.inverse(real, imaginary) * weight
        previous: tuple[Tensor, Tensor] | None = None
        relax = 1 - vocos.magnitude_weight
        exponent = (1 - self.uncovered) * relax
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
        """Return the network's magnitudes and phases, ``(r, T, q)`` each."""
        vocos = self.vocos
        bins = self.transform.bins
        spectrum = self.spectrum(_features(vocos, mel)).reshape(-1, 2, *bins.shape)
        magnitude, phase = spectrum[:, 0].transpose(0, 1), spectrum[:, 1].transpose(0, 1)
        if vocos.prior:
            prior = vocos.inverse_mel(mel).clamp(min=PRIOR_FLOOR).log()
            magnitude = magnitude + self.transform.arranged(prior)
        return magnitude.exp().clamp(max=MAX_MAGNITUDE), phase

    def _arranged_spectrum(self) -> nn.Linear:
        """Return the network's last layer with its outputs in the order of the transform."""
        layer, bins = self.vocos.spectrum, self.transform.bins.flatten()
        signs = self.transform.signs.flatten()
        rows = torch.cat([bins, bins + layer.out_features // 2])
        signs = torch.cat([torch.ones_like(signs), signs])  # of log magnitudes and phases
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


def _features(vocos: Vocos, mel: Tensor) -> Tensor:
    """Return what the head of ``vocos`` reads, ``(1, T, dim)``."""
    x: Tensor = vocos.norm(vocos.embed(mel))
    for block in vocos.blocks:
        x = block(x)
    return vocos.last_norm(x)


def _square(real: Tensor, imaginary: Tensor) -> Tensor:
    return real * real + imaginary * imaginary + TINY
