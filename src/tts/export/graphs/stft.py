"""STFT and its inverse for export: products of real matrices.

ONNX has no complex numbers, and onnxruntime's Fourier transform is some twenty times slower than
torch's. One factorization (Cooley & Tukey 1965) makes a transform of N = R * Q points two products
with small matrices, as few as a fifth of the operations of one large product:

n = Q p + m, k = R q + r: X[k] = sum over m of e^(-2 pi i m k / N) * sum over p of
e^(-2 pi i p r / R) x[Q p + m]
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RealSTFT(nn.Module):
    """Windowed transforms of real samples, their bins in the order of the factorization.

    A spectrum is a pair of real and imaginary part ``(r, T, q)``. Class r has the bins R q + r;
    classes above R / 2 have the conjugates of the others. :attr:`bins` are the places in the usual
    order, where a bin above N / 2 is the conjugate (:attr:`signs` -1) of the one that mirrors it.
    """

    def __init__(self, window: Tensor, hop: int) -> None:
        super().__init__()
        self.size, self.hop = len(window), hop
        self.pieces = -(-self.size // hop)
        self.rows = _factor(self.size)  # R
        self.columns = self.size // self.rows  # Q
        classes = torch.arange(self.rows // 2 + 1)
        p, m = torch.arange(self.rows), torch.arange(self.columns)
        k = self.rows * m + classes[:, None]  # (r, q)
        conjugate = 2 * k > self.size
        self.bins = torch.where(conjugate, self.size - k, k)
        self.signs = torch.where(conjugate, -1.0, 1.0)
        own = (classes == 0) | (2 * classes == self.rows)  # classes that mirror themselves
        self.repeated = conjugate & own[:, None]  # bins that an earlier place has

        first = _angles(classes[:, None] * p, self.rows)  # (r, p)
        second = _angles(m[:, None] * k[:, None], self.size)  # (r, m, q)
        share = torch.where(own, 1.0, 2.0).double() / self.size
        cosines, sines = second.cos(), second.sin()
        rotation = torch.cat(
            [torch.cat([cosines, -sines], 2), torch.cat([sines, cosines], 2)], 1
        )  # of (real, imaginary): (r, 2 Q, 2 Q)
        split = torch.stack([first.cos(), -first.sin()], 1).flatten(0, 1)  # (2 r, p)
        back = rotation.mT * share[:, None, None]
        for name, values in (
            ("window", window.double()), ("split", split), ("join", split.T), ("back", back),
            ("to_real", rotation[..., : self.columns]),
            ("to_imaginary", rotation[..., self.columns :]),
        ):  # fmt: skip
            self.register_buffer(name, values.float().contiguous(), persistent=False)
        self.window: Tensor
        self.split: Tensor
        self.join: Tensor
        self.back: Tensor
        self.to_real: Tensor
        self.to_imaginary: Tensor

    def arranged(self, values: Tensor) -> Tensor:
        """``(1, T, F)`` values of the bins in their usual order -> ``(r, T, q)``."""
        classes, columns = self.bins.shape
        return values[0][:, self.bins.flatten()].reshape(-1, classes, columns).transpose(0, 1)

    # every shape below has one -1, which needs no arithmetic on shapes in the graph

    def forward_stft(self, wave: Tensor) -> tuple[Tensor, Tensor]:
        """Windowed transforms of ``(1, S)`` samples: real and imaginary part."""
        hops = wave.reshape(-1, self.hop)
        framed = torch.cat([hops[p : p - self.pieces] for p in range(self.pieces)], -1)
        if -self.size % self.hop:
            framed = framed[:, : self.size]
        rows, columns = self.rows, self.columns
        split = self.split @ (framed * self.window).reshape(-1, rows, columns)  # (T, 2 r, Q)
        split = split.reshape(-1, len(self.bins), 2 * columns).transpose(0, 1)  # (r, T, 2 Q)
        return split @ self.to_real, split @ self.to_imaginary

    def inverse(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Windowed overlap-add of inverse transforms -> ``(1, S)``."""
        split = torch.cat([real, imaginary], -1) @ self.back  # (r, T, 2 Q)
        split = split.transpose(0, 1).reshape(-1, 2 * len(self.bins), self.columns)
        framed = (self.join @ split).reshape(1, -1, self.size)
        return self.overlap_add(framed * self.window)

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
        return total.reshape(1, -1)


def _factor(size: int) -> int:
    """Return the largest divisor up to the square root: about the fewest operations."""
    return max(one for one in range(1, math.isqrt(size) + 1) if size % one == 0)


def _angles(steps: Tensor, size: int) -> Tensor:
    """Return ``2 pi steps / size``; the integers are taken modulo ``size``, which is exact."""
    return (steps % size).double() * (2 * math.pi / size)
