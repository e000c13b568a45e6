"""Graph of a Vocos for export: complex numbers and Fourier transforms as real operations.

ONNX has no complex numbers, and onnxruntime's Fourier transform is some twenty times slower than
torch's. Here a transform is two products with matrices of cosines and sines, which the window is
folded into. The symmetry of the transform of a real signal halves them.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.vocoders.inverse_mel import EPSILON
from tts.vocoders.vocos import MAX_MAGNITUDE, PRIOR_FLOOR, Vocos

MOMENTUM = 0.99  # of InverseSTFT.refine_phases
TINY = 1e-8


class VocosGraph(nn.Module):
    """``mel (1, T, M)`` -> samples ``(1, T * hop)`` in [-1, 1], refinement rounds included."""

    def __init__(self, vocos: Vocos) -> None:
        super().__init__()
        self.vocos = vocos
        self.transform = RealSTFT(vocos.inverse_stft.window, vocos.inverse_stft.hop)
        self.start = vocos.inverse_stft.start

    def forward(self, mel: Tensor) -> Tensor:
        vocos = self.vocos
        magnitude, phase = self._predict(mel)
        real, imaginary = magnitude * phase.cos(), magnitude * phase.sin()
        weight = self._weight(mel.shape[1])
        wave = self.transform.inverse(real, imaginary) * weight
        previous: tuple[Tensor, Tensor] | None = None
        relax = 1 - vocos.magnitude_weight
        exponent = (1 - vocos.inverse_mel.uncovered) * relax
        log_first = magnitude.clamp(min=EPSILON).log() * (1 - exponent)
        target = mel.exp()
        for _ in range(vocos.refinements):
            consistent = self.transform.forward_stft(wave)
            moved = consistent
            if previous is not None:
                moved = tuple(
                    new + MOMENTUM * (new - old)
                    for old, new in zip(previous, consistent, strict=True)
                )  # type: ignore[assignment]
            if relax:
                found = _square(*consistent).sqrt()
                matched = found * vocos.inverse_mel.gain(found, target)
                magnitude = (log_first + matched.log() * exponent).exp()
            scale = magnitude * _square(*moved).rsqrt()
            wave = self.transform.inverse(moved[0] * scale, moved[1] * scale) * weight
            previous = consistent
        samples = wave[:, self.start : self.start + mel.shape[1] * self.transform.hop]
        return samples.clamp(-1, 1)

    def _predict(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Return the network's magnitudes and phases, ``(1, T, F)`` each."""
        vocos = self.vocos
        x = vocos.norm(vocos.embed(mel))
        for block in vocos.blocks:
            x = block(x)
        spectrum = vocos.spectrum(vocos.last_norm(x))
        bins = spectrum.shape[-1] // 2
        magnitude, phase = spectrum[..., :bins], spectrum[..., bins:]
        if vocos.prior:
            magnitude = magnitude + vocos.inverse_mel(mel).clamp(min=PRIOR_FLOOR).log()
        return magnitude.exp().clamp(max=MAX_MAGNITUDE), phase

    def _weight(self, frames: int) -> Tensor:
        """Return one over the summed squared windows, 0 where there are no samples: ``(1, S)``."""
        window = self.vocos.inverse_stft.window
        sums = self.transform.overlap_add((window * window).expand(1, frames, -1))
        place = torch.arange(sums.shape[1])
        inside = (place >= self.start) & (place < self.start + frames * self.transform.hop)
        return inside / sums.clamp(min=TINY)


class RealSTFT(nn.Module):
    """STFT and its inverse without complex numbers, for a window that is even: w[n] = w[N - n].

    A transform's cosines need only x[n] + x[N - n], its sines only x[n] - x[N - n].
    """

    def __init__(self, window: Tensor, hop: int) -> None:
        super().__init__()
        self.size, self.hop = len(window), hop
        self.middle = half = self.size // 2
        self.pieces = -(-self.size // hop)
        place = torch.arange(half + 1, dtype=torch.float64)
        # the product of integers modulo the size, so that the angles are exact
        angles = (place[:, None] * place % self.size) * (2 * math.pi / self.size)  # (n, k)
        w = window[: half + 1].double()
        ends = torch.ones(half + 1, dtype=torch.float64)
        ends[0] = ends[half] = 0.5
        forward = w * ends  # x[0] and x[N / 2] have no partner, and their sum has them twice
        inverse = w / self.size * 2
        for name, values in (
            ("cosines", forward[:, None] * angles.cos()),
            ("sines", -w[:, None] * angles.sin()),
            ("inverse_cosines", ends[:, None] * angles.cos().T * inverse),
            ("inverse_sines", -angles.sin().T * inverse),
        ):
            self.register_buffer(name, values.float().contiguous(), persistent=False)
        self.cosines: Tensor
        self.sines: Tensor
        self.inverse_cosines: Tensor
        self.inverse_sines: Tensor

    def forward_stft(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Windowed transforms of ``(1, S)`` samples: real and imaginary ``(1, T, F)``."""
        missing = -self.size % self.hop
        hops = wave.reshape(1, -1, self.hop)
        frames = hops.shape[1] - self.pieces
        framed = torch.cat([hops[:, p : p + frames] for p in range(self.pieces)], -1)
        if missing:
            framed = framed[..., : self.size]
        first = framed[..., : self.middle + 1]
        # x[N - n] for n = 0 ... N / 2; x[N] is x[0]
        second = torch.cat([framed[..., :1], framed[..., self.middle :].flip(-1)], -1)
        return (first + second) @ self.cosines, (first - second) @ self.sines

    def inverse(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Windowed overlap-add of inverse transforms: ``(1, T, F)`` each -> ``(1, S)``."""
        even, odd = real @ self.inverse_cosines, imaginary @ self.inverse_sines
        second = (even - odd)[..., 1 : self.middle].flip(-1)
        return self.overlap_add(torch.cat([even + odd, second], -1))

    def overlap_add(self, frames: Tensor) -> Tensor:
        """``(1, T, N)`` frames, one hop apart -> ``(1, (T + pieces) * hop)``."""
        missing = -self.size % self.hop
        if missing:
            frames = F.pad(frames, (0, missing))
        last = self.pieces  # one more hop than frames cover, as InverseSTFT has
        parts = [
            F.pad(frames[..., p * self.hop : (p + 1) * self.hop], (0, 0, p, last - p))
            for p in range(self.pieces)
        ]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total.flatten(1)


def _square(real: Tensor, imaginary: Tensor) -> Tensor:
    return real * real + imaginary * imaginary + TINY
