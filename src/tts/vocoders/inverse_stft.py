"""Inverse STFT, and Griffin-Lim phase refinement with momentum."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.contract import MelContract
from tts.vocoders.inverse_mel import RelaxedMagnitudes
from tts.vocoders.polar import magnitude_of

BLOCK = 256  # frames whose spectra stay in a CPU's second-level cache


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
        # hops that a frame covers; one more leaves room for the last half window if centered
        self.pieces = -(-self.n_fft // self.hop)
        self.register_buffer("window", window, persistent=False)
        self.window: Tensor

    def forward(self, spectrum: Tensor) -> Tensor:
        return self._invert(spectrum, self._inverse_weight(spectrum.shape[1]))

    def stft(self, wave: Tensor) -> Tensor:
        """Return the contract's STFT ``(B, T, n_fft // 2 + 1)`` of ``(B, T * hop)`` samples."""
        # contiguous, in contrast to torch.stft, whose frames come last
        return torch.fft.rfft(self.cut(wave) * self.window)

    def cut(self, wave: Tensor) -> Tensor:
        """Return the frames ``(B, T, n_fft)`` of ``(B, T * hop)`` samples, a view, not windowed."""
        after = self.n_fft - self.hop - self.start
        padded = F.pad(wave[:, None], (self.start, after), mode="constant")[:, 0]
        return padded.unfold(1, self.n_fft, self.hop)

    def refine_phases(
        self,
        spectrum: Tensor,
        rounds: int,
        momentum: float = 0.99,
        update_magnitude: RelaxedMagnitudes | None = None,
    ) -> Tensor:
        """Make the phases of ``spectrum (B, T, F)`` more consistent by rounds of Griffin-Lim.

        Griffin & Lim 1984 with ``momentum`` (Perraudin et al. 2013, figure 1).
        ``update_magnitude``: maps the magnitudes of the consistent spectrum of this round to the
        magnitudes to use; None: the magnitudes of ``spectrum`` in every round.
        """
        if spectrum.device.type == "cpu" and not torch.is_grad_enabled():
            return self._refine_in_blocks(spectrum, rounds, momentum, update_magnitude)
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

    def _refine_in_blocks(
        self,
        spectrum: Tensor,
        rounds: int,
        momentum: float,
        update_magnitude: RelaxedMagnitudes | None,
    ) -> Tensor:
        """Return the same as :meth:`refine_phases`, without gradients: in place and block by block.

        The time goes into memory traffic and not into the transforms.
        """
        batch, count, bins = spectrum.shape
        weight = self._inverse_weight(count)
        first, last = self.start, self.start + count * self.hop  # samples
        total = weight.new_empty(batch, count + self.pieces, self.hop)
        wave = total.flatten(1)
        frames = wave.unfold(1, self.n_fft, self.hop)  # (B, at least T, n_fft)
        blocks = [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
        previous, result = torch.empty_like(spectrum), spectrum.clone()
        magnitude = weight.new_empty(batch, min(BLOCK, count), bins)
        wanted = magnitude_of(spectrum) if update_magnitude is None else torch.empty_like(magnitude)
        for turn in range(rounds):
            total.zero_()
            for block in blocks:
                self._add_frames(total, torch.fft.irfft(result[:, block], self.n_fft), block.start)
            wave[:, :first], wave[:, last:] = 0, 0
            wave[:, first:last] *= weight
            for block in blocks:
                consistent = torch.fft.rfft(frames[:, block] * self.window)
                size = consistent.shape[1]
                target = wanted[:, block] if update_magnitude is None else wanted[:, :size]
                if update_magnitude is not None:
                    _square(consistent, magnitude[:, :size]).sqrt_()
                    update_magnitude.write(magnitude[:, :size], block, target)
                accelerated = result[:, block]
                if turn:
                    _lerp(previous[:, block], consistent, 1 + momentum, accelerated)
                else:
                    accelerated.copy_(consistent)
                scale = _square(accelerated, magnitude[:, :size]).rsqrt_().mul_(target)
                accelerated.mul_(scale)
                previous[:, block] = consistent
        return result

    def _invert(self, spectrum: Tensor, weight: Tensor) -> Tensor:
        frames = torch.fft.irfft(spectrum, self.n_fft)
        total = frames.new_zeros(len(frames), frames.shape[1] + self.pieces, self.hop)
        self._add_frames(total, frames)
        span = slice(self.start, self.start + frames.shape[1] * self.hop)
        return total.flatten(1)[:, span] * weight

    def _inverse_weight(self, count: int) -> Tensor:
        """Return one over the sum of squared windows of ``count`` frames: ``(1, count * hop)``."""
        total = self.window.new_zeros(1, count + self.pieces, self.hop)
        self._add_frames(total, self.window.expand(1, count, -1))
        sums = total.flatten(1)[:, self.start : self.start + count * self.hop]
        return sums.clamp(min=1e-8).reciprocal()

    def _add_frames(self, total: Tensor, frames: Tensor, first: int = 0) -> None:
        """Add windowed ``frames (B, T, n_fft)``, one hop apart, to ``total (B, hops, hop)``.

        ``first``: the hop of the first frame.
        """
        missing = self.pieces * self.hop - self.n_fft
        window = F.pad(self.window, (0, missing)).view(self.pieces, self.hop)
        frames = F.pad(frames, (0, missing)) if missing else frames
        frames = frames.unflatten(-1, (self.pieces, self.hop))
        for piece in range(self.pieces):
            begin = first + piece
            place = total[:, begin : begin + frames.shape[1]]
            place.addcmul_(frames[:, :, piece], window[piece])


def _magnitude(spectrum: Tensor) -> Tensor:
    """Return the magnitude of ``(..., 2)`` real and imaginary parts; finite gradient at zero."""
    real, imaginary = spectrum.unbind(-1)  # several times faster than a sum over an axis of two
    return torch.addcmul(real * real, imaginary, imaginary).add(1e-8).sqrt()


def _square(spectrum: Tensor, out: Tensor) -> Tensor:
    """Write the squared magnitude of ``spectrum`` into ``out``, as :func:`_magnitude` has it."""
    real, imaginary = torch.view_as_real(spectrum).unbind(-1)
    torch.mul(real, real, out=out)
    return torch.addcmul(out, imaginary, imaginary, out=out).add_(1e-8)


def _lerp(start: Tensor, end: Tensor, weight: float, out: Tensor) -> None:
    """Write ``start + weight * (end - start)`` of complex tensors into ``out``."""
    real = (torch.view_as_real(x) for x in (start, end, out))
    begin, finish, result = real
    torch.lerp(begin, finish, weight, out=result)
