"""Choice of codec tokens from their log-probabilities, by temperature, truncation and penalty.

Legend: B utterances, r frames, K codebooks, V entries of a codebook.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from tts.models.sampling import Sampling


def chosen(log_probs: Tensor, sampling: Sampling, generator: torch.Generator | None) -> Tensor:
    """Return tokens ``(...)`` int64 from log-probabilities ``(..., V)``."""
    if not sampling.temperature:
        return log_probs.argmax(-1)
    log_probs = truncated(log_probs / sampling.temperature, sampling.top_k, sampling.top_p)
    noise = torch.empty_like(log_probs).exponential_(generator=generator)
    return (log_probs.softmax(-1) / noise).argmax(-1)


def truncated(log_probs: Tensor, top_k: int | None, top_p: float) -> Tensor:
    """Leave the ``top_k`` likeliest tokens (None: all) of ``(..., V)``, and of these the fewest
    that together have the probability ``top_p`` (Holtzman et al. 2020, section 3.1)."""
    size = log_probs.shape[-1]
    if top_k is not None and top_k < size:
        least = log_probs.topk(top_k, -1).values[..., -1:]
        log_probs = log_probs.masked_fill(log_probs < least, -torch.inf)
    if top_p < 1:
        ordered, order = log_probs.softmax(-1).sort(-1, descending=True)
        needless = ordered.cumsum(-1) - ordered >= top_p  # of those before a token
        removed = torch.zeros_like(needless).scatter(-1, order, needless)
        log_probs = log_probs.masked_fill(removed, -torch.inf)
    return log_probs


def penalized(log_probs: Tensor, recent: Sequence[Tensor], penalty: float) -> Tensor:
    """Multiply the log-probabilities ``(B, r, K, V)`` of tokens that their codebook has in
    ``recent``, ``(B, r, K)`` each, by ``penalty`` (after Keskar et al. 2019, section 4.1)."""
    if penalty == 1 or not recent:
        return log_probs
    batch, _, codebooks, size = log_probs.shape
    tokens = torch.cat(list(recent), 1).transpose(1, 2)  # (B, K, n); V where nothing was written
    seen = torch.zeros(batch, codebooks, size + 1, dtype=torch.bool, device=log_probs.device)
    seen.scatter_(2, tokens, True)
    return torch.where(seen[:, None, :, :size], log_probs * penalty, log_probs)
