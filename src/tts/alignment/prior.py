"""Beta-binomial prior of an alignment: a soft diagonal, as speech has a roughly even pace."""

from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


def beta_binomial_prior(
    token_lengths: Tensor, frame_lengths: Tensor, tokens: int, frames: int, width: float = 1.0
) -> Tensor:
    """Lengths ``(B,)`` and padded sizes -> log-probabilities ``(B, frames, tokens)`` float32.

    The static alignment prior of Badlani et al. 2022: at frame t = 1..T, the token
    k = 0..n, n = N - 1, follows a beta-binomial with a = w t and b = w (T + 1 - t). A smaller
    ``width`` w gives a wider diagonal. The values at padding are finite and meaningless.

    log P(k) = log C(n, k) + r(a, k) + r(b, n - k) - r(a + b, n), with the rising factorial
    r(x, k) = log x (x + 1) ... (x + k - 1) from a table that all utterances share. Only r(b, n - k)
    differs between utterances, and it copies rows: no gamma function is computed.
    """
    table = _tables(width, _power_of_two(frames + 2), _power_of_two(tokens), token_lengths.device)
    last = token_lengths - 1  # (B,) n
    k = torch.arange(tokens, device=last.device)
    t = torch.arange(1, frames + 1, device=last.device)

    left = (last[:, None] - k).clamp(min=0)
    choose = table.factorial[last, None] - table.factorial[k] - table.factorial[left]
    constant = choose - table.rising[frame_lengths + 1, last][:, None]  # (B, N)
    ahead = (frame_lengths[:, None] + 1 - t).clamp(min=0)  # (B, T)
    # from column K - 1 - n on, row x reads r(x, n), r(x, n - 1), ... r(x, 0)
    windows = table.mirrored.unfold(1, tokens, 1)  # (X, ..., N), no copy
    prior = windows[ahead, table.rising.shape[1] - token_lengths[:, None]]  # (B, T, N)
    return prior.add_(table.rising[1 : frames + 1, :tokens]).add_(constant[:, None])


class _Tables(NamedTuple):
    rising: Tensor  # (X, K) r(w x, k)
    mirrored: Tensor  # (X, 2 K) r(w x, K - 1 - k), then zeros
    factorial: Tensor  # (K,) log k!


@lru_cache(maxsize=4)
@torch.inference_mode(False)  # tables made during validation serve training, too
def _tables(width: float, rows: int, columns: int, device: torch.device) -> _Tables:
    # float64, because the terms are hundreds of times larger than their sum
    x = width * torch.arange(rows, dtype=torch.float64)[:, None]
    factors = x + torch.arange(columns - 1, dtype=torch.float64)
    factors[0] = 1.0  # row 0 is unused
    rising = F.pad(factors.log().cumsum(1), (1, 0))
    mirrored = F.pad(rising.flip(1), (0, columns))
    factorial = torch.arange(1.0, columns + 1).double().lgamma()
    return _Tables(*(table.float().to(device) for table in (rising, mirrored, factorial)))


def _power_of_two(size: int) -> int:
    """Return the next power of two, so that a few tables serve every batch."""
    return 1 << (size - 1).bit_length()
