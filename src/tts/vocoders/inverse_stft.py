"""Complex spectra back to samples, frame for hop."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.audio.mel import MelContract


class InverseSTFT(nn.Module):
    """``(B, T, n_fft // 2 + 1)`` complex -> ``(B, T * hop)``, where the contract's frames stand.

    Windowed overlap-add over the sum of the squared windows (Griffin & Lim 1984, equation 6). What
    lies before the first hop and behind the last is cut, so that T frames give T hops of samples.
    """

    def __init__(self, contract: MelContract) -> None:
        super().__init__()
        self.n_fft, self.hop = contract.n_fft, contract.hop
        self.start = contract.n_fft // 2 if contract.centered else (contract.n_fft - self.hop) // 2
        side = (contract.n_fft - contract.window) // 2
        window = torch.hann_window(contract.window)
        window = F.pad(window, (side, contract.n_fft - contract.window - side))
        self.register_buffer("window", window, persistent=False)
        self.window: Tensor

    def forward(self, spectrum: Tensor) -> Tensor:
        return self._samples(spectrum, self._weight(spectrum.shape[1]))

    def transform(self, wave: Tensor) -> Tensor:
        """``(B, T * hop)`` -> ``(B, T, n_fft // 2 + 1)`` complex: the spectrum of the contract."""
        after = self.n_fft - self.hop - self.start
        padded = F.pad(wave[:, None], (self.start, after), mode="constant")[:, 0]
        spectrum = torch.stft(
            padded, self.n_fft, self.hop, window=self.window, center=False, return_complex=True
        )
        return spectrum.mT

    def refined(
        self,
        spectrum: Tensor,
        rounds: int,
        momentum: float = 0.99,
        magnitudes: Callable[[Tensor], Tensor] | None = None,
    ) -> Tensor:
        """The same magnitudes with phases that fit each other better, round by round.

        Griffin & Lim 1984, with the ``momentum`` of Perraudin et al. 2013, figure 1.
        ``magnitudes``: what becomes of the magnitudes that a real signal has with these phases,
        both ``(B, T, F)``; None: they are the given ones again.
        """
        magnitude = spectrum.abs()
        weight = self._weight(spectrum.shape[1])
        before = None
        for _ in range(rounds):
            again = torch.view_as_real(self.transform(self._samples(spectrum, weight)))
            ahead = again if before is None else torch.lerp(before, again, 1 + momentum)
            if magnitudes is not None:
                magnitude = magnitudes(_size(again))
            before = again
            spectrum = torch.view_as_complex(ahead * (magnitude / _size(ahead))[..., None])
        return spectrum

    def _samples(self, spectrum: Tensor, weight: Tensor) -> Tensor:
        frames = torch.fft.irfft(spectrum, self.n_fft, dim=-1) * self.window
        span = slice(self.start, self.start + frames.shape[1] * self.hop)
        return self._add(frames)[:, span] * weight

    def _weight(self, count: int) -> Tensor:
        """``(1, count * hop)``: what the overlapping windows of ``count`` frames are divided by."""
        sums = self._add(self.window.square().expand(1, count, -1))
        return sums[:, self.start : self.start + count * self.hop].clamp(min=1e-8).reciprocal()

    def _add(self, frames: Tensor) -> Tensor:
        """``(B, T, n_fft)``, each a hop after the one before -> ``(B, S)``, summed."""
        batch, count, size = frames.shape
        pieces = -(-size // self.hop)
        frames = F.pad(frames, (0, pieces * self.hop - size)).view(batch, count, pieces, self.hop)
        # one more hop, for a centered contract's last half window
        total = frames.new_zeros(batch, count + pieces, self.hop)
        for piece in range(pieces):
            total[:, piece : piece + count] += frames[:, :, piece]
        return total.flatten(1)


def _size(spectrum: Tensor) -> Tensor:
    """``(..., 2)`` real and imaginary -> ``(...)``, with a finite gradient in a silent bin too."""
    real, imaginary = spectrum.unbind(-1)  # a sum over an axis of two takes several times as long
    return torch.addcmul(real * real, imaginary, imaginary).add(1e-8).sqrt()
