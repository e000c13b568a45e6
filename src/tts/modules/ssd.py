"""The state-space duality: a selective linear recurrence computed by matrix products.

Dao & Gu 2024, "Transformers are SSMs", sections 3 and 6. Within a chunk the recurrence is a masked
attention; between chunks a state is carried. Names: B batch, T frames, H heads, P channels per
head, N state size, Q frames per chunk, K chunks (T = K Q).

The gradients are written out, for two reasons. Autograd would keep every (Q, Q) matrix of every
head; here they are made again from the decays. And the gradient of the decays needs none of them:
with L the running log-decay, ``dL[t] = <dy[t], y[t]> - <x[t], dx[t]>``, head by head.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.modules.custom_ops import define_once


class Decays(NamedTuple):
    """What becomes of an input on its way through a chunk; all fp32."""

    total: Tensor  # (B, K, Q, H) running log-decay within the chunk, this frame's included
    from_start: Tensor  # (B, K, Q, H) how much of the state before the chunk is left
    to_end: Tensor  # (B, K, Q, H) how much of this frame's input reaches the state after it
    over: Tensor  # (B, K, H) how much of the state survives the chunk
    log_dt: Tensor  # (B, K, Q, H)

    def rows(self, start: int, stop: int) -> "Decays":
        """The same for the utterances ``start`` to ``stop``."""
        return Decays(*(part[start:stop] for part in self))


def chunk_decays(dt: Tensor, log_decay: Tensor, chunk: int) -> Decays:
    """``dt (B, T, H)`` and ``log_decay (B, T, H)``, fp32, T a multiple of ``chunk``."""
    dt, log_decay = dt.unflatten(1, (-1, chunk)), log_decay.unflatten(1, (-1, chunk))
    total = log_decay.cumsum(2)
    last = total[:, :, -1:]
    return Decays(total, total.exp(), (last - total).exp() * dt, last[:, :, 0].exp(), dt.log())


def _pairs(decays: Decays) -> Tensor:
    """``(B, K, H, Q, Q)``: what is left of frame j's input at frame i >= j, 0 where i < j."""
    receiver = decays.total.mT  # (B, K, H, Q)
    sender = (decays.total - decays.log_dt).mT
    size = receiver.shape[-1]
    future = torch.full((size, size), -torch.inf, device=receiver.device).triu(1)
    return (receiver[..., :, None] - sender[..., None, :]).add_(future).exp_()


def _mix(pairs: Tensor, score: Tensor) -> Tensor:
    """``(B K H, Q, Q)``: the matrix that maps a chunk's inputs to its outputs."""
    return (pairs * score[:, :, None]).flatten(0, 2).to(score.dtype)


def _by_head(x: Tensor, chunk: int) -> Tensor:
    """``(B, T, H, P) -> (B K H, Q, P)``, a copy."""
    return x.unflatten(1, (-1, chunk)).transpose(2, 3).reshape(-1, chunk, x.shape[-1])


def ssd_forward(x: Tensor, b: Tensor, c: Tensor, decays: Decays, out: Tensor) -> Tensor:
    """Writes ``y`` into ``out (B, T, H, P)``; returns each chunk's first state (B, K, N, H, P).

    Shapes as in :func:`ssd`, T a multiple of Q.
    """
    batch, _, heads, width = x.shape
    chunks, chunk = decays.total.shape[1:3]
    b, c = (value.reshape(batch * chunks, chunk, -1) for value in (b, c))  # (B K, Q, N)

    mix = _mix(_pairs(decays), (c @ b.mT).unflatten(0, (batch, chunks)))
    within = (mix @ _by_head(x, chunk)).view(batch, chunks, heads, chunk, width)

    weighted = x.unflatten(1, (chunks, chunk)) * decays.to_end[..., None].to(x.dtype)
    added = (b.mT @ weighted.view(batch * chunks, chunk, -1)).view(batch, chunks, -1, heads, width)
    before = torch.empty_like(added)
    before[:, 0] = 0
    over = decays.over[:, :, None, :, None].to(x.dtype)
    for k in range(chunks - 1):
        torch.addcmul(added[:, k], before[:, k], over[:, k], out=before[:, k + 1])

    carried = (c @ before.view(batch * chunks, -1, heads * width)).view(weighted.shape)
    torch.addcmul(
        within.transpose(2, 3),
        carried,
        decays.from_start[..., None].to(x.dtype),
        out=out.unflatten(1, (chunks, chunk)),
    )
    return before


class ScanGradients(NamedTuple):
    """Of :func:`ssd_forward`'s inputs but x."""

    dt: Tensor  # (B, T, H) fp32
    log_decay: Tensor  # (B, T, H) fp32
    b: Tensor  # (B, T, N)
    c: Tensor  # (B, T, N)


def ssd_backward(
    dy: Tensor,
    x: Tensor,
    b: Tensor,
    c: Tensor,
    decays: Decays,
    y: Tensor,
    before: Tensor,
    out: Tensor,
) -> ScanGradients:
    """Writes ``dx`` into ``out (B, T, H, P)`` and returns the other gradients."""
    batch, frames, heads, width = x.shape
    chunks, chunk = decays.total.shape[1:3]
    flat = (batch * chunks, chunk, heads * width)
    split = (batch, chunks, chunk, heads, width)
    b, c = (value.reshape(batch * chunks, chunk, -1) for value in (b, c))  # (B K, Q, N)

    pairs = _pairs(decays)
    mix = _mix(pairs, (c @ b.mT).unflatten(0, (batch, chunks)))
    dy_by_head = _by_head(dy, chunk)
    dmix = (dy_by_head @ _by_head(x, chunk).mT).view(pairs.shape)
    dscore = pairs.mul_(dmix).sum(2).flatten(0, 1).to(c.dtype)  # (B K, Q, Q)
    dx_within = (mix.mT @ dy_by_head).view(batch, chunks, heads, chunk, width)

    # the state: what the outputs ask of it, carried back from chunk to chunk
    asked = (dy.unflatten(1, (chunks, chunk)) * decays.from_start[..., None].to(dy.dtype)).view(
        flat
    )
    dc = torch.baddbmm(asked @ before.view(batch * chunks, -1, flat[2]).mT, dscore, b)
    dbefore = (c.mT @ asked).view(before.shape)
    dafter = torch.empty_like(dbefore)
    dafter[:, -1] = 0
    over = decays.over[:, :, None, :, None].to(dy.dtype)
    for k in range(chunks - 1, 0, -1):
        torch.addcmul(dbefore[:, k], dafter[:, k], over[:, k], out=dafter[:, k - 1])
    dover = dbefore[:, 1:].copy_(before[:, 1:]).mul_(dafter[:, :-1]).sum((2, 4)).float()

    to_end = decays.to_end[..., None].to(x.dtype)
    weighted = (x.unflatten(1, (chunks, chunk)) * to_end).view(flat)
    dafter_flat = dafter.view(batch * chunks, -1, flat[2])
    db = torch.baddbmm(weighted @ dafter_flat.mT, dscore.mT, c)
    dweighted = (b @ dafter_flat).view(split)
    torch.addcmul(dx_within.transpose(2, 3), dweighted, to_end, out=out.unflatten(1, split[1:3]))

    sent = (x * out).sum(-1, dtype=torch.float32).view(batch, chunks, chunk, heads)
    received = (dy * y).sum(-1, dtype=torch.float32).view(batch, chunks, chunk, heads)
    dtotal = received - sent
    dtotal[:, :-1, -1] += dover
    dlog_decay = dtotal.flip(2).cumsum(2).flip(2)
    ddt = sent * (-decays.log_dt).exp().nan_to_num(posinf=0.0)  # dt is 0 where padded
    return ScanGradients(
        ddt.view(batch, frames, heads),
        dlog_decay.view(batch, frames, heads),
        db.view(batch, frames, -1),
        dc.view(batch, frames, -1),
    )


def _forward(x, dt, log_decay, b, c, chunk):
    y = torch.empty_like(x, memory_format=torch.contiguous_format)
    with torch.autocast(x.device.type, enabled=False):
        return y, ssd_forward(x, b, c, chunk_decays(dt, log_decay, chunk), y)


def _forward_shapes(x, dt, log_decay, b, c, chunk):
    batch, frames, heads, width = x.shape
    y = torch.empty_like(x, memory_format=torch.contiguous_format)
    return y, x.new_empty(batch, frames // chunk, b.shape[-1], heads, width)


def _backward(dy, x, dt, log_decay, b, c, y, before, chunk):
    dx = torch.empty_like(y)
    with torch.autocast(x.device.type, enabled=False):
        decays = chunk_decays(dt, log_decay, chunk)
        return dx, *ssd_backward(dy.contiguous(), x, b, c, decays, y, before, dx)


def _backward_shapes(dy, x, dt, log_decay, b, c, y, before, chunk):
    return tuple(torch.empty_like(part) for part in (y, dt, log_decay, b, c))


def _remember(ctx, inputs, output):
    *parts, ctx.chunk = inputs
    ctx.save_for_backward(*parts, *output)
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)


def _differentiate(ctx, dy, _):
    if dy is None:
        return (None,) * 6
    return *torch.ops.tts.ssd_backward(dy, *ctx.saved_tensors, ctx.chunk), None


# Operators of torch rather than a Function alone: torch.compile takes each as it is. It would
# unroll the loop over the chunks of one length, and begin anew with every other.
# Not torch.library.custom_op, whose first call imports all of torch._dynamo.
define_once(
    "tts::ssd",
    "(Tensor x, Tensor dt, Tensor log_decay, Tensor b, Tensor c, int chunk) -> (Tensor, Tensor)",
    _forward,
    _forward_shapes,
    backward=(_remember, _differentiate),
)
define_once(
    "tts::ssd_backward",
    "(Tensor dy, Tensor x, Tensor dt, Tensor log_decay, Tensor b, Tensor c, Tensor y,"
    " Tensor before, int chunk) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    _backward,
    _backward_shapes,
)


def ssd(x: Tensor, dt: Tensor, log_decay: Tensor, b: Tensor, c: Tensor, chunk: int = 32) -> Tensor:
    """``h[t] = exp(log_decay[t]) h[t-1] + dt[t] b[t] x[t]``, ``y[t] = c[t] h[t]``, ``h[-1] = 0``.

    ``x (B, T, H, P)``, ``dt (B, T, H)`` at least 0, ``log_decay (B, T, H)`` at most 0, ``b`` and
    ``c`` ``(B, T, N)`` shared by the heads -> ``y (B, T, H, P)``. ``dt`` and ``log_decay`` are
    taken in fp32, all else in x's type. ``chunk``: Q, a matter of speed alone.
    """
    frames = x.shape[1]
    spare = -frames % chunk
    if spare:
        x = F.pad(x, (0, 0, 0, 0, 0, spare))
        dt, log_decay, b, c = (F.pad(part, (0, 0, 0, spare)) for part in (dt, log_decay, b, c))
    x, b, c = (part.contiguous() for part in (x, b, c))
    dt, log_decay = dt.float().contiguous(), log_decay.float().contiguous()
    y, _ = torch.ops.tts.ssd(x, dt, log_decay, b, c, chunk)
    return y[:, :frames]


def ssd_step(
    x: Tensor, dt: Tensor, log_decay: Tensor, b: Tensor, c: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """One frame of :func:`ssd`: the same shapes without T, ``state (B, H, N, P)`` in fp32."""
    inflow = torch.einsum("bh,bn,bhp->bhnp", dt.float(), b.float(), x.float())
    state = state * log_decay.float().exp()[..., None, None] + inflow
    y = torch.einsum("bn,bhnp->bhp", c.float(), state)
    return y.to(x.dtype), state
