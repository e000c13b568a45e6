"""Inverse STFT, and Griffin-Lim phase refinement with momentum."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.contract import MelContract


class InverseSTFT(nn.Module):
    """Inverse STFT: ``(B, T, n_fft // 2 + 1)`` complex to ``(B, T * hop)`` samples.

    Windowed overlap-add divided by the sum of the squared windows (Griffin & Lim 1984, equation 6).
    Frame positions are those of the contract; samples before the first hop and after the last are
    cut, so T frames give T hops.
    """

    def __init__(self, contract: MelContract) -> None:
        super().__init__()
        self.n_fft, self.hop = contract.n_fft, contract.hop
        self.start = contract.n_fft // 2 if contract.centered else (contract.n_fft - self.hop) // 2
        padding = (contract.n_fft - contract.window) // 2
        window = torch.hann_window(contract.window)
        window = F.pad(window, (padding, contract.n_fft - contract.window - padding))
        self.register_buffer("window", window, persistent=False)
        self.window: Tensor

    def forward(self, spectrum: Tensor) -> Tensor:
        return self._invert(spectrum, self._inverse_weight(spectrum.shape[1]))

    def stft(self, wave: Tensor) -> Tensor:
        """Return the contract's STFT ``(B, T, n_fft // 2 + 1)`` of ``(B, T * hop)`` samples."""
        after = self.n_fft - self.hop - self.start
        padded = F.pad(wave[:, None], (self.start, after), mode="constant")[:, 0]
        spectrum = torch.stft(
            padded, self.n_fft, self.hop, window=self.window, center=False, return_complex=True
        )
        return spectrum.mT

    def refine_phases(
        self,
        spectrum: Tensor,
        rounds: int,
        momentum: float = 0.99,
        update_magnitude: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """Make the phases of ``spectrum (B, T, F)`` more consistent by rounds of Griffin-Lim.

        Griffin & Lim 1984 with ``momentum`` (Perraudin et al. 2013, figure 1).
        ``update_magnitude``: maps the magnitudes ``(B, T, F)`` of the consistent spectrum of this
        round to the magnitudes to use; None: the magnitudes of ``spectrum`` in every round.
        """
        magnitude = spectrum.abs()
        weight = self._inverse_weight(spectrum.shape[1])
        previous = None
        for _ in range(rounds):
            consistent = torch.view_as_real(self.stft(self._invert(spectrum, weight)))
            accelerated = (
                consistent if previous is None else torch.lerp(previous, consistent, 1 + momentum)
            )
            if update_magnitude is not None:
                magnitude = update_magnitude(_magnitude(consistent))
            previous = consistent
            scale = (magnitude / _magnitude(accelerated))[..., None]
            spectrum = torch.view_as_complex(accelerated * scale)
        return spectrum

    def _invert(self, spectrum: Tensor, weight: Tensor) -> Tensor:
        frames = torch.fft.irfft(spectrum, self.n_fft, dim=-1) * self.window
        span = slice(self.start, self.start + frames.shape[1] * self.hop)
        return self._overlap_add(frames)[:, span] * weight

    def _inverse_weight(self, count: int) -> Tensor:
        """Return one over the sum of squared windows of ``count`` frames: ``(1, count * hop)``."""
        sums = self._overlap_add(self.window.square().expand(1, count, -1))
        return sums[:, self.start : self.start + count * self.hop].clamp(min=1e-8).reciprocal()

    def _overlap_add(self, frames: Tensor) -> Tensor:
        """Sum frames ``(B, T, n_fft)`` that are one hop apart: ``(B, S)``."""
        batch, count, size = frames.shape
        pieces = -(-size // self.hop)
        frames = F.pad(frames, (0, pieces * self.hop - size)).view(batch, count, pieces, self.hop)
        # one more hop, for the last half window of a centered contract
        total = frames.new_zeros(batch, count + pieces, self.hop)
        for piece in range(pieces):
            total[:, piece : piece + count] += frames[:, :, piece]
        return total.flatten(1)


def _magnitude(spectrum: Tensor) -> Tensor:
    """Return the magnitude of ``(..., 2)`` real and imaginary parts; finite gradient at zero."""
    real, imaginary = spectrum.unbind(-1)  # several times faster than a sum over an axis of two
    return torch.addcmul(real * real, imaginary, imaginary).add(1e-8).sqrt()
