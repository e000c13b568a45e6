"""The diagonal the aligner starts from: speech moves through its text at a roughly even pace."""

from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


def beta_binomial_prior(
    token_lengths: Tensor, frame_lengths: Tensor, tokens: int, frames: int, width: float = 1.0
) -> Tensor:
    """Lengths ``(B,)`` and the padded sizes -> log-probabilities ``(B, frames, tokens)`` float32.

    Badlani et al. 2022, the static alignment prior: at frame t = 1..T, token k = 0..n, n = N - 1,
    follows a beta-binomial with a = w t and b = w (T + 1 - t); a smaller ``width`` w is less sure
    of the pace. Padding gets finite numbers without a meaning.

    log P(k) = log C(n, k) + r(a, k) + r(b, n - k) - r(a + b, n), where
    r(x, k) = log x (x + 1) ... (x + k - 1) is a table that all utterances share. Only the third
    look-up differs from one to the next, and it copies whole rows: no gamma function is called.
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
@torch.inference_mode(False)  # made while validating, they are still needed while training
def _tables(width: float, rows: int, columns: int, device: torch.device) -> _Tables:
    # summed in double: the terms are hundreds of times larger than what is left of them
    x = width * torch.arange(rows, dtype=torch.float64)[:, None]
    factors = x + torch.arange(columns - 1, dtype=torch.float64)
    factors[0] = 1.0  # no frame has x = 0
    rising = F.pad(factors.log().cumsum(1), (1, 0))
    mirrored = F.pad(rising.flip(1), (0, columns))
    factorial = torch.arange(1.0, columns + 1).double().lgamma()
    return _Tables(*(table.float().to(device) for table in (rising, mirrored, factorial)))


def _power_of_two(size: int) -> int:
    """The next power of two, so that a handful of tables serves every batch."""
    return 1 << (size - 1).bit_length()
