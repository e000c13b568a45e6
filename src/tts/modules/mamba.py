"""Mamba-2 mixer (Dao & Gu 2024, section 7): short convolution, selective scan, gate.

Names as in the paper and in :mod:`tts.modules.ssd`: X input, B input to state, C state to output,
dt step size, A decay rate, dt_A = dt * A. Dimensions: b batch, t frames, h heads, p channels per
head (P, ``head_dim``), n state size (N, ``state``).
"""

import math
from typing import Annotated, NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from tts.bounds import Bound, Channels, Count, Expansion, Kernel
from tts.errors import UserError
from tts.modules.context import Context
from tts.modules.conv import DepthwiseConv
from tts.modules.positional import PositionalEncoding
from tts.modules.ssd import ssd, ssd_step


class MambaState(NamedTuple):
    """What :meth:`MambaCore.step` keeps between frames."""

    position: int  # index of the next frame
    recent: Tensor  # (b, kernel - 1, h p + 2 n) the last inputs of the short convolution
    ssm: Tensor  # (b, h, n, p) fp32


class MambaCore(nn.Module):
    """Mamba-2 block without its output projection. ``(B, T, dim) -> (B, T, inner)``, causal.

    ``expand``: inner channels per input channel. ``head_dim``: P, channels that share one decay.
    ``state``: N, state values per channel. ``kernel``: frames of the short convolution. ``chunk``:
    frames per block of the scan, which changes the speed alone. ``positional`` rotates B and C
    (RoPE) or adds a constant decay (ALiBi), see :mod:`tts.modules.positional`.
    """

    def __init__(
        self,
        dim: int,
        expand: Expansion = 1.0,
        head_dim: Channels = 64,
        state: Annotated[int, Bound(least=2, most=4096)] = 32,
        kernel: Kernel = 4,
        chunk: Count = 32,
        positional: PositionalEncoding | None = None,
    ) -> None:
        super().__init__()
        self.dim = round(dim * expand)
        self.head_dim, self.state, self.chunk = min(head_dim, self.dim), state, chunk
        if self.dim % self.head_dim or state % 2:
            raise UserError(
                f"mamba: head_dim={head_dim} must divide dim * expand = {self.dim}, and "
                f"state={state} must be even"
            )
        self.heads = self.dim // self.head_dim
        self.position = positional or PositionalEncoding()
        slopes = self.position.slopes(self.heads)
        self.slopes: Tensor | None
        self.register_buffer("slopes", slopes, persistent=False)
        self.sizes = [self.dim, self.dim + 2 * state, self.heads]  # gate (the paper's z), XBC, dt
        self.input = nn.Linear(dim, sum(self.sizes), bias=False)
        self.conv = DepthwiseConv(self.sizes[1], kernels=(kernel,), direction="causal")
        # as in mamba_ssm: step sizes from 0.001 to 0.1, decay rates from 1 to 16
        dt = torch.exp(torch.rand(self.heads) * math.log(100.0) + math.log(1e-3))
        self.dt_bias = nn.Parameter(dt + torch.log(-torch.expm1(-dt)))  # softplus inverse
        self.log_a = nn.Parameter(torch.empty(self.heads).uniform_(1, 16).log())  # log(-A)
        self.skip = nn.Parameter(torch.ones(self.heads))  # the paper's D
        self.norm = nn.Parameter(torch.ones(self.dim))

    def forward(self, x: Tensor, context: Context) -> Tensor:
        gate, XBC, dt = self.input(x).split(self.sizes, -1)
        X, B, C = self._split_XBC(self.conv(XBC))
        B, C = self.position.rotate(B), self.position.rotate(C)
        dt, dt_A = self._discretize(dt)
        Y = ssd(X, dt, dt_A, B, C, self.chunk) + X * self.skip[:, None]
        return self._gated_norm(Y, gate)

    def initial_state(self, batch: int, context: Context | None = None) -> MambaState:
        weight = self.input.weight
        recent = weight.new_zeros(batch, self.conv.size - 1, self.sizes[1])
        ssm = weight.new_zeros(batch, self.heads, self.state, self.head_dim).float()
        return MambaState(0, recent, ssm)

    def step(self, x: Tensor, state: MambaState) -> tuple[Tensor, MambaState]:
        """One frame ``(B, dim)`` -> ``(B, inner)``."""
        gate, XBC, dt = self.input(x).split(self.sizes, -1)
        XBC, recent = self.conv.step(XBC, state.recent)
        X, B, C = self._split_XBC(XBC)
        B, C = (self.position.rotate_at(x, state.position) for x in (B, C))
        dt, dt_A = self._discretize(dt)
        Y, ssm = ssd_step(X, dt, dt_A, B, C, state.ssm)
        Y = Y + X * self.skip[:, None]
        return self._gated_norm(Y, gate), MambaState(state.position + 1, recent, ssm)

    def _split_XBC(self, XBC: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(..., h p + 2 n)`` -> X ``(..., h, p)``, B and C ``(..., n)``."""
        X, B, C = F.silu(XBC).split([self.dim, self.state, self.state], -1)
        return rearrange(X, "... (h p) -> ... h p", h=self.heads), B, C

    def _discretize(self, dt: Tensor) -> tuple[Tensor, Tensor]:
        """Raw step sizes ``(..., h)`` -> dt and dt_A ``(..., h)``, fp32."""
        dt = F.softplus(dt.float() + self.dt_bias.float())
        dt_A = -dt * self.log_a.float().exp()
        return dt, dt_A if self.slopes is None else dt_A - self.slopes

    def _gated_norm(self, Y: Tensor, gate: Tensor) -> Tensor:
        """``(..., h, p), (..., h p) -> (..., h p)``: gate, then RMS norm (section 7.1)."""
        Y = rearrange(Y, "... h p -> ... (h p)")
        return F.rms_norm(Y * F.silu(gate), (self.dim,), self.norm.to(Y.dtype), eps=1e-5)


class Mamba(nn.Module):
    """Mamba-2 mixer: :class:`MambaCore` and a linear. ``(B, T, dim) -> (B, T, dim)``, causal.

    It needs no mask, because padding comes last. Arguments as in :class:`MambaCore`.
    """

    def __init__(
        self,
        dim: int,
        expand: Expansion = 2.0,
        head_dim: Channels = 64,
        state: Annotated[int, Bound(least=2, most=4096)] = 32,
        kernel: Kernel = 4,
        chunk: Count = 32,
        positional: PositionalEncoding | None = None,
    ) -> None:
        super().__init__()
        self.core = MambaCore(dim, expand, head_dim, state, kernel, chunk, positional)
        self.output = nn.Linear(self.core.dim, dim, bias=False)

    def forward(self, x: Tensor, context: Context) -> Tensor:
        return self.output(self.core(x, context))

    def initial_state(self, batch: int, context: Context | None = None) -> MambaState:
        return self.core.initial_state(batch, context)

    def step(self, x: Tensor, state: MambaState) -> tuple[Tensor, MambaState]:
        """One frame ``(B, dim)``."""
        y, state = self.core.step(x, state)
        return self.output(y), state
