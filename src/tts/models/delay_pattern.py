"""Delay pattern over the codebooks of a codec (Copet et al. 2023, MusicGen, section 2.2).

Codebook k is written k steps after codebook 0, so that every token of a frame can depend on the
frame's earlier codebooks although a step writes all codebooks at once. Legend: B utterances, S
steps, r frames of a step, K codebooks.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor


def delayed(codes: Tensor, empty: int) -> Tensor:
    """``(B, S, r, K)`` -> ``(B, S + K - 1, r, K)``, with ``empty`` before and behind the codes."""
    batch, steps, frames, codebooks = codes.shape
    result = codes.new_full((batch, steps + codebooks - 1, frames, codebooks), empty)
    for k in range(codebooks):
        result[:, k : k + steps, :, k] = codes[..., k]
    return result


def undelayed(steps: Iterable[Tensor]) -> Iterator[Tensor]:
    """Yield the codes ``(B, r, K)`` of steps ``(B, r, K)`` that are delayed, once complete."""
    held: deque[Tensor] = deque()
    for step in steps:
        held.append(step)
        codebooks = step.shape[-1]
        if len(held) == codebooks:
            yield torch.stack([held[k][..., k] for k in range(codebooks)], -1)
            held.popleft()
