"""The state-space duality: a selective linear recurrence computed by matrix products.

Dao & Gu 2024, "Transformers are SSMs", sections 3 and 6. Names: B batch, T frames, H heads,
P channels per head, N state size, Q frames per chunk, K chunks.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def ssd(
    x: Tensor, dt: Tensor, log_decay: Tensor, b: Tensor, c: Tensor, skip: Tensor, chunk: int = 32
) -> Tensor:
    """``h[t] = exp(log_decay[t]) h[t-1] + dt[t] b[t] x[t]``, ``y[t] = c[t] h[t] + skip x[t]``.

    ``x (B, T, H, P)``, ``dt (B, T, H)``, ``log_decay (B, T, H)`` at most 0, ``b`` and ``c``
    ``(B, T, N)`` shared by the heads, ``skip (H,)`` -> ``y (B, T, H, P)``.
    """
    frames = x.shape[1]
    pad = -frames % chunk
    if pad:
        x = F.pad(x, (0, 0, 0, 0, 0, pad))
        dt, log_decay = F.pad(dt, (0, 0, 0, pad)), F.pad(log_decay, (0, 0, 0, pad))
        b, c = F.pad(b, (0, 0, 0, pad)), F.pad(c, (0, 0, 0, pad))
    x, dt, log_decay, b, c = (
        value.unflatten(1, (-1, chunk)) for value in (x, dt, log_decay.float(), b, c)
    )
    chunks, heads, width = x.shape[1], *x.shape[3:]
    total = log_decay.cumsum(2).movedim(3, 2)  # (B, K, H, Q)
    lower = torch.ones(chunk, chunk, dtype=torch.bool, device=x.device).tril()
    decay = (total[..., :, None] - total[..., None, :]).masked_fill(~lower, -torch.inf).exp()
    score = c @ b.mT  # (B, K, Q, Q)
    xt = (x * dt[..., None].to(x.dtype)).movedim(3, 2)  # (B, K, H, Q, P)
    y = (score[:, :, None] * decay).to(x.dtype) @ xt

    to_end = (total[..., -1:] - total).exp()  # (B, K, H, Q)
    weighted = (xt * to_end[..., None].to(x.dtype)).movedim(2, 3).flatten(3)  # (B, K, Q, HP)
    added = (b.mT @ weighted).float().unflatten(3, (heads, width))  # (B, K, N, H, P)
    state = torch.zeros_like(added[:, 0])
    states = []
    for k in range(chunks):
        states.append(state)
        state = state * total[:, k, None, :, -1:].exp() + added[:, k]
    before = torch.stack(states, 1).flatten(3).to(c.dtype)
    from_start = (c @ before).unflatten(3, (heads, width)) * total.exp().mT[..., None].to(x.dtype)
    y = y.movedim(2, 3) + from_start + x * skip[:, None].to(x.dtype)
    return y.flatten(1, 2)[:, :frames]


def ssd_step(
    x: Tensor, dt: Tensor, log_decay: Tensor, b: Tensor, c: Tensor, skip: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """One frame of :func:`ssd`: the same shapes without T, ``state (B, H, N, P)`` in fp32."""
    inflow = torch.einsum("bh,bn,bhp->bhnp", dt.float(), b.float(), x.float())
    state = state * log_decay.float().exp()[..., None, None] + inflow
    y = torch.einsum("bn,bhnp->bhp", c.float(), state) + x * skip[:, None]
    return y.to(x.dtype), state
