"""Mamba-2 as a mixer: short convolution, selective scan in its dual form, gate."""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.errors import UserError
from tts.modules.context import Context
from tts.modules.conv import DepthwiseConv
from tts.modules.positional import NoPosition
from tts.modules.ssd import ssd, ssd_step


class MambaState(NamedTuple):
    """What a scan remembers."""

    position: int  # frames seen
    recent: Tensor  # (B, kernel - 1, inner + 2 N) the short convolution's last inputs
    memory: Tensor  # (B, H, N, P) fp32


class MambaCore(nn.Module):
    """Mamba-2 without its output projection (Dao & Gu 2024, section 7). ``-> (B, T, inner)``.

    ``expand``: inner channels per input channel. ``head_dim``: channels that share one decay.
    ``state``: N, what each channel remembers. ``kernel``: frames of the short convolution.
    ``chunk``: frames per block of the scan; a matter of speed alone. ``positional``: see
    :mod:`tts.modules.positional`; it rotates B and C or adds a constant decay.
    """

    def __init__(
        self,
        dim: int,
        expand: float = 2.0,
        head_dim: int = 64,
        state: int = 32,
        kernel: int = 4,
        chunk: int = 32,
        positional: NoPosition | None = None,
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
        self.position = positional or NoPosition()
        slopes = self.position.slopes(self.heads)
        self.slopes: Tensor | None
        self.register_buffer("slopes", slopes, persistent=False)
        self.sizes = [self.dim, self.dim + 2 * state, self.heads]  # gate, x and B and C, dt
        self.input = nn.Linear(dim, sum(self.sizes), bias=False)
        self.conv = DepthwiseConv(self.sizes[1], kernels=(kernel,), direction="causal")
        # steps between 1 ms and 100 ms, decays between 1 and 16, as Mamba-2 starts
        dt = torch.exp(torch.rand(self.heads) * math.log(100.0) + math.log(1e-3))
        self.dt_bias = nn.Parameter(dt + torch.log(-torch.expm1(-dt)))  # softplus inverse
        self.log_a = nn.Parameter(torch.empty(self.heads).uniform_(1, 16).log())
        self.skip = nn.Parameter(torch.ones(self.heads))
        self.norm = nn.Parameter(torch.ones(self.dim))

    def forward(self, x: Tensor, context: Context) -> Tensor:
        gate, xbc, dt = self.input(x).split(self.sizes, -1)
        xbc = F.silu(self.conv(xbc))
        hidden, b, c = xbc.split([self.dim, self.state, self.state], -1)
        b, c = self.position.rotate(b), self.position.rotate(c)
        dt, log_decay = self._decay(dt)
        hidden = hidden.unflatten(-1, (self.heads, -1))
        y = ssd(hidden, dt, log_decay, b, c, self.chunk) + hidden * self.skip[:, None]
        return self._gate(y.flatten(2), gate)

    def initial_state(self, batch: int, context: Context | None = None) -> MambaState:
        weight = self.input.weight
        recent = weight.new_zeros(batch, self.conv.size - 1, self.sizes[1])
        memory = weight.new_zeros(batch, self.heads, self.state, self.head_dim).float()
        return MambaState(0, recent, memory)

    def step(self, x: Tensor, state: MambaState) -> tuple[Tensor, MambaState]:
        """One frame ``(B, dim)`` -> ``(B, inner)``."""
        gate, xbc, dt = self.input(x).split(self.sizes, -1)
        xbc, recent = self.conv.step(xbc, state.recent)
        hidden, b, c = F.silu(xbc).split([self.dim, self.state, self.state], -1)
        b = self.position.rotate(b[:, None], state.position)[:, 0]
        c = self.position.rotate(c[:, None], state.position)[:, 0]
        dt, log_decay = self._decay(dt)
        hidden = hidden.unflatten(-1, (self.heads, -1))
        y, memory = ssd_step(hidden, dt, log_decay, b, c, state.memory)
        y = y + hidden * self.skip[:, None]
        return self._gate(y.flatten(1), gate), MambaState(state.position + 1, recent, memory)

    def _decay(self, dt: Tensor) -> tuple[Tensor, Tensor]:
        """Raw step sizes -> step sizes and log decays, fp32."""
        dt = F.softplus(dt.float() + self.dt_bias.float())
        log_decay = -dt * self.log_a.float().exp()
        return dt, log_decay if self.slopes is None else log_decay - self.slopes

    def _gate(self, y: Tensor, gate: Tensor) -> Tensor:
        return F.rms_norm(y * F.silu(gate), (self.dim,), self.norm.to(y.dtype), eps=1e-5)


class Mamba(nn.Module):
    """The mixer: :class:`MambaCore` and a linear back. ``(B, T, dim) -> (B, T, dim)``, causal.

    Padding comes last and the scan runs forward, so no mask is needed. Arguments as in
    :class:`MambaCore`.
    """

    def __init__(
        self,
        dim: int,
        expand: float = 2.0,
        head_dim: int = 64,
        state: int = 32,
        kernel: int = 4,
        chunk: int = 32,
        positional: NoPosition | None = None,
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
