"""State-space duality (SSD): the selective scan of Mamba-2 as matrix products over chunks.

Dao & Gu 2024, "Transformers are SSMs". The recurrence (equation 2)

    h[t] = exp(dA[t]) h[t-1] + dt[t] B[t] X[t],    Y[t] = C[t] h[t],    h[-1] = 0

is one matrix M with Y = M X. Section 6 splits M into chunks: its diagonal blocks are masked
attention, in which C is the query and B the key, and its off-diagonal blocks pass through the
states between chunks. Names as in the paper's listing 1 and in the package mamba_ssm:

    X   (b, t, h, p)  input                         b  batch
    dt  (b, t, h)     step size, at least 0, fp32   t  frames, t = k q
    dA  (b, t, h)     log-decay dt A, at most 0,    h  heads
                      fp32                          p  channels per head (P)
    B   (b, t, n)     input to state                n  state size (N)
    C   (b, t, n)     state to output               k  chunks
    Y   (b, t, h, p)  output                        q  frames per chunk (Q); i >= j are two of them

The heads share B and C. The gradients are written out, for two reasons. Autograd would keep every
(q, q) matrix of every head; here they are computed again from the decays. And the gradient of the
decays needs none of them: with S the cumulative sum of dA, its gradient is
``<dY[t], Y[t]> - <X[t], dX[t]>`` per head.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from tts.modules.custom_ops import register_operator
from tts.modules.exporting import fixed_sizes, is_exporting


class ChunkDecays(NamedTuple):
    """Decays within every chunk, fp32."""

    dA_cumsum: Tensor  # (b, k, q, h) sum of dA from the chunk's start to this frame, inclusive
    from_start: Tensor  # (b, k, q, h) factor from the state before the chunk to this frame
    to_end: Tensor  # (b, k, q, h) factor from this frame's input to the state after the chunk
    chunk: Tensor  # (b, k, h) factor from the state before the chunk to the state after it
    log_dt: Tensor  # (b, k, q, h)


def chunk_decays(dt: Tensor, dA: Tensor, chunk: int) -> ChunkDecays:
    """``dt`` and ``dA (b, t, h)`` fp32, t a multiple of ``chunk`` -> the decays."""
    dt, dA = (rearrange(x, "b (k q) h -> b k q h", q=chunk) for x in (dt, dA))
    dA_cumsum = dA.cumsum(2)
    last = dA_cumsum[:, :, -1:]
    return ChunkDecays(
        dA_cumsum,
        from_start=dA_cumsum.exp(),
        to_end=(last - dA_cumsum).exp() * dt,
        chunk=last[:, :, 0].exp(),
        log_dt=dt.log(),
    )


def _decay_matrix(decays: ChunkDecays) -> Tensor:
    """Return L dt ``(b, k, h, q, q)``: the factor from input j to output i >= j, 0 where i < j.

    L = exp(segsum(dA)) is the 1-semiseparable mask of section 5; dt is folded into it.
    """
    output = decays.dA_cumsum.mT  # (b, k, h, q)
    source = (decays.dA_cumsum - decays.log_dt).mT
    size = output.shape[-1]
    future = torch.full((size, size), -torch.inf, device=output.device).triu(1)
    return (output[..., :, None] - source[..., None, :]).add_(future).exp_()


def _diagonal_blocks(L: Tensor, CB: Tensor) -> Tensor:
    """``L (b, k, h, q, q), CB (b k, q, q)`` -> the diagonal blocks of M, ``(b k h, q, q)``."""
    CB = rearrange(CB, "(b k) i j -> b k 1 i j", b=L.shape[0])
    return rearrange(L * CB, "b k h i j -> (b k h) i j").to(CB.dtype)


def ssd_forward(X: Tensor, B: Tensor, C: Tensor, decays: ChunkDecays, out: Tensor) -> Tensor:
    """Write Y into ``out (b, t, h, p)``; return the state before each chunk ``(b, k, n, h, p)``."""
    batch, _, heads, _ = X.shape
    chunks, chunk = decays.dA_cumsum.shape[1:3]
    B, C = (rearrange(x, "b (k q) n -> (b k) q n", q=chunk) for x in (B, C))

    # section 6.1, diagonal blocks: inputs of the same chunk
    M = _diagonal_blocks(_decay_matrix(decays), C @ B.mT)
    Y_diagonal = M @ rearrange(X, "b (k q) h p -> (b k h) q p", q=chunk)
    Y_diagonal = rearrange(Y_diagonal, "(b k h) q p -> b k q h p", b=batch, h=heads)

    # section 6.2, off-diagonal blocks. Right factor: what each chunk adds to the state
    X_decayed = rearrange(X, "b (k q) h p -> b k q h p", q=chunk) * _over_channels(decays.to_end, X)
    added = B.mT @ rearrange(X_decayed, "b k q h p -> (b k) q (h p)")
    added = rearrange(added, "(b k) n (h p) -> b k n h p", b=batch, h=heads)
    # center factor: the recurrence from chunk to chunk
    states = torch.empty_like(added)
    states[:, 0] = 0
    decay = rearrange(decays.chunk, "b k h -> b k 1 h 1").to(X.dtype)
    for k in range(chunks - 1):
        torch.addcmul(added[:, k], states[:, k], decay[:, k], out=states[:, k + 1])
    # left factor: what the outputs read of the state
    Y_off_diagonal = C @ rearrange(states, "b k n h p -> (b k) n (h p)")
    Y_off_diagonal = rearrange(Y_off_diagonal, "(b k) q (h p) -> b k q h p", b=batch, h=heads)

    Y = out.unflatten(1, (chunks, chunk))
    torch.addcmul(Y_diagonal, Y_off_diagonal, _over_channels(decays.from_start, X), out=Y)
    return states


class ScanGradients(NamedTuple):
    """Gradients of every input of the scan but X."""

    dt: Tensor  # (b, t, h) fp32
    dA: Tensor  # (b, t, h) fp32
    B: Tensor  # (b, t, n)
    C: Tensor  # (b, t, n)


def ssd_backward(
    dY: Tensor,
    X: Tensor,
    B: Tensor,
    C: Tensor,
    decays: ChunkDecays,
    Y: Tensor,
    states: Tensor,
    out: Tensor,
) -> ScanGradients:
    """Write dX into ``out (b, t, h, p)``; return the other gradients.

    ``states`` is what :func:`ssd_forward` returned, and ``Y`` what it wrote.
    """
    batch, _, heads, _ = X.shape
    chunks, chunk = decays.dA_cumsum.shape[1:3]
    B, C = (rearrange(x, "b (k q) n -> (b k) q n", q=chunk) for x in (B, C))
    X_chunks, dY_chunks = (rearrange(x, "b (k q) h p -> b k q h p", q=chunk) for x in (X, dY))

    # diagonal blocks
    L = _decay_matrix(decays)
    M = _diagonal_blocks(L, C @ B.mT)
    X_by_head, dY_by_head = (
        rearrange(x, "b k q h p -> (b k h) q p") for x in (X_chunks, dY_chunks)
    )
    dM = rearrange(dY_by_head @ X_by_head.mT, "(b k h) i j -> b k h i j", b=batch, h=heads)
    dCB = rearrange(L.mul_(dM).sum(2), "b k i j -> (b k) i j").to(C.dtype)
    dX_diagonal = rearrange(M.mT @ dY_by_head, "(b k h) q p -> b k q h p", b=batch, h=heads)

    # off-diagonal blocks: the recurrence from chunk to chunk, backwards
    from_start, to_end = _over_channels(decays.from_start, dY), _over_channels(decays.to_end, X)
    dY_decayed = rearrange(dY_chunks * from_start, "b k q h p -> (b k) q (h p)")
    dC = torch.baddbmm(dY_decayed @ rearrange(states, "b k n h p -> (b k) (h p) n"), dCB, B)
    dstates = rearrange(C.mT @ dY_decayed, "(b k) n (h p) -> b k n h p", b=batch, h=heads)
    dadded = torch.empty_like(dstates)  # gradient of the state after each chunk
    dadded[:, -1] = 0
    decay = rearrange(decays.chunk, "b k h -> b k 1 h 1").to(dY.dtype)
    for k in range(chunks - 1, 0, -1):
        torch.addcmul(dstates[:, k], dadded[:, k], decay[:, k], out=dadded[:, k - 1])
    ddecay = dstates[:, 1:].copy_(states[:, 1:]).mul_(dadded[:, :-1]).sum((2, 4)).float()

    X_decayed = rearrange(X_chunks * to_end, "b k q h p -> (b k) q (h p)")
    dadded = rearrange(dadded, "b k n h p -> (b k) n (h p)")
    dB = torch.baddbmm(X_decayed @ dadded.mT, dCB.mT, C)
    dX_decayed = rearrange(B @ dadded, "(b k) q (h p) -> b k q h p", b=batch, h=heads)
    torch.addcmul(dX_diagonal, dX_decayed, to_end, out=out.unflatten(1, (chunks, chunk)))

    XdX, YdY = (
        rearrange((x * dx).sum(-1, dtype=torch.float32), "b (k q) h -> b k q h", q=chunk)
        for x, dx in ((X, out), (dY, Y))
    )
    dcumsum = YdY - XdX
    dcumsum[:, :-1, -1] += ddecay
    ddA = dcumsum.flip(2).cumsum(2).flip(2)
    ddt = XdX * (-decays.log_dt).exp().nan_to_num(posinf=0.0)  # dt is 0 where padded
    return ScanGradients(
        rearrange(ddt, "b k q h -> b (k q) h"),
        rearrange(ddA, "b k q h -> b (k q) h"),
        rearrange(dB, "(b k) q n -> b (k q) n", b=batch),
        rearrange(dC, "(b k) q n -> b (k q) n", b=batch),
    )


def _over_channels(decay: Tensor, like: Tensor) -> Tensor:
    """``(b, k, q, h)`` -> ``(b, k, q, h, 1)`` in the type of ``like``."""
    return decay[..., None].to(like.dtype)


def _forward(X, dt, dA, B, C, chunk):
    Y = torch.empty_like(X, memory_format=torch.contiguous_format)
    with torch.autocast(X.device.type, enabled=False):
        return Y, ssd_forward(X, B, C, chunk_decays(dt, dA, chunk), Y)


def _forward_shapes(X, dt, dA, B, C, chunk):
    batch, frames, heads, channels = X.shape
    Y = torch.empty_like(X, memory_format=torch.contiguous_format)
    return Y, X.new_empty(batch, frames // chunk, B.shape[-1], heads, channels)


def _backward(dY, X, dt, dA, B, C, Y, states):
    dX = torch.empty_like(Y)
    chunk = X.shape[1] // states.shape[1]
    with torch.autocast(X.device.type, enabled=False):
        decays = chunk_decays(dt, dA, chunk)
        return dX, *ssd_backward(dY.contiguous(), X, B, C, decays, Y, states, dX)


def _backward_shapes(dY, X, dt, dA, B, C, Y, states):
    return tuple(torch.empty_like(x) for x in (Y, dt, dA, B, C))


def _save_for_backward(ctx, inputs, output):
    *tensors, _ = inputs
    ctx.save_for_backward(*tensors, *output)
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)


def _gradients(ctx, dY, _):
    if dY is None:
        return (None,) * 6
    return *torch.ops.tts.ssd_backward(dY, *ctx.saved_tensors), None


# Operators and not only an autograd.Function: torch.compile keeps them as they are, and would
# otherwise unroll the loop over chunks and compile again for every length.
register_operator(
    "tts::ssd",
    "(Tensor X, Tensor dt, Tensor dA, Tensor B, Tensor C, int chunk) -> (Tensor, Tensor)",
    _forward,
    _forward_shapes,
    backward=(_save_for_backward, _gradients),
)
register_operator(
    "tts::ssd_backward",
    "(Tensor dY, Tensor X, Tensor dt, Tensor dA, Tensor B, Tensor C, Tensor Y, Tensor states)"
    " -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
    _backward,
    _backward_shapes,
)


def ssd(X: Tensor, dt: Tensor, dA: Tensor, B: Tensor, C: Tensor, chunk: int = 32) -> Tensor:
    """Return Y ``(b, t, h, p)`` of the recurrence, for any number of frames t.

    ``dt`` and ``dA`` are computed with in fp32, all else in X's type. ``chunk`` is q; it changes
    the speed alone.
    """
    if is_exporting():
        return ssd_of_any_length(X, dt, dA, B, C, chunk)
    frames = X.shape[1]
    padding = -frames % chunk
    if padding:
        X = F.pad(X, (0, 0, 0, 0, 0, padding))
        dt, dA, B, C = (F.pad(x, (0, 0, 0, padding)) for x in (dt, dA, B, C))
    X, B, C = (x.contiguous() for x in (X, B, C))
    dt, dA = dt.float().contiguous(), dA.float().contiguous()
    Y, _ = torch.ops.tts.ssd(X, dt, dA, B, C, chunk)
    return Y[:, :frames]


def ssd_of_any_length(
    X: Tensor, dt: Tensor, dA: Tensor, B: Tensor, C: Tensor, chunk: int
) -> Tensor:
    """Return :func:`ssd` as a graph of standard operators in which t is a variable.

    The recurrence from chunk to chunk is a product with one (k, k) matrix per head, as in the
    paper's listing 1, in place of a loop whose length an exported graph would fix.
    """
    frames = X.shape[1]
    batch, heads, channels, state = fixed_sizes(X.shape[0], *X.shape[2:], B.shape[-1])
    chunks = (frames + chunk - 1) // chunk + 1  # two or more: torch.export takes one as a constant
    # all inputs side by side, so that the graph pads and divides them once
    sizes = [heads * channels, heads, heads, state, state]
    inputs = F.pad(torch.cat([X.flatten(2), dt, dA, B, C], -1), (0, 0, 0, 2 * chunk))
    inputs = inputs[:, : chunks * chunk].reshape(batch, -1, chunk, sum(sizes))
    X, dt, dA, B, C = inputs.split(sizes, -1)
    X = X.reshape(batch, -1, chunk, heads, channels)
    dA_cumsum = dA.cumsum(2)  # (b, k, q, h)
    sums = dA_cumsum.mT
    frame = torch.arange(chunk, device=X.device)
    past = frame[:, None] >= frame
    L = torch.where(past, sums[..., :, None] - sums[..., None, :], -torch.inf).exp()
    L = L * dt.mT[..., None, :]
    Y = (L * (C @ B.mT)[:, :, None] @ X.transpose(2, 3)).transpose(2, 3)  # diagonal blocks
    # states before each chunk
    to_end = (dA_cumsum[:, :, -1:] - dA_cumsum).exp() * dt
    added = B.mT @ (X * to_end[..., None]).reshape(batch, -1, chunk, heads * channels)
    added = added.reshape(batch, -1, state, heads, channels)
    total = dA_cumsum[:, :, -1].mT  # (b, h, k)
    after = total.cumsum(-1)
    index = torch.arange(chunks, device=X.device)
    decay = (after - total)[..., :, None] - after[..., None, :]  # (b, h, k, k)
    decay = torch.where(index[:, None] > index, decay, -torch.inf).exp()
    added = added.permute(0, 3, 1, 2, 4).reshape(batch, heads, -1, state * channels)
    states = (decay @ added).reshape(batch, heads, -1, state, channels)  # (b, h, k, n, p)
    states = states.permute(0, 2, 3, 1, 4).reshape(batch, -1, state, heads * channels)
    Y_off_diagonal = (C @ states).reshape(batch, -1, chunk, heads, channels)
    Y = Y + Y_off_diagonal * dA_cumsum.exp()[..., None]
    return Y.reshape(batch, -1, heads, channels)[:, :frames]


def ssd_step(
    X: Tensor, dt: Tensor, dA: Tensor, B: Tensor, C: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """One frame of :func:`ssd`: the same shapes without t, ``state (b, h, n, p)`` in fp32."""
    added = torch.einsum("bh,bn,bhp->bhnp", dt.float(), B.float(), X.float())
    state = state * dA.float().exp()[..., None, None] + added
    Y = torch.einsum("bn,bhnp->bhp", C.float(), state)
    return Y.to(X.dtype), state
