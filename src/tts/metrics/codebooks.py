"""Use of a codec's codebooks: share of the codes that occur, perplexity, bits at their entropy."""

import torch
import torch.distributed as dist
from torch import Tensor


class CodebookUse:
    """Counts of the codes of ``codebooks`` levels with ``codebook_size`` codes each."""

    def __init__(self, codebooks: int, codebook_size: int) -> None:
        self.counts = torch.zeros(codebooks, codebook_size, dtype=torch.int64)

    def add(self, codes: Tensor) -> None:
        """Count ``(B, T, K)`` codes."""
        for counts, level in zip(self.counts, codes.flatten(0, 1).T.cpu(), strict=True):
            counts += torch.bincount(level, minlength=len(counts))

    def sum_over_ranks(self, device: torch.device) -> None:
        """Add up the counts of all processes of a training (collective: call on every rank)."""
        if dist.is_available() and dist.is_initialized():
            counts = self.counts.to(device)
            dist.all_reduce(counts)
            self.counts = counts.cpu()

    def usage(self) -> Tensor:
        """Return the share of each level's codes that occur ``(K,)``, 0 to 1."""
        return (self.counts > 0).double().mean(1)

    def entropy(self) -> Tensor:
        """Return the entropy of each level's codes ``(K,)`` in bits."""
        share = self.counts / self.counts.sum(1, keepdim=True).clamp(min=1)
        return torch.special.entr(share.double()).sum(1) / torch.log(torch.tensor(2.0))

    def perplexity(self) -> Tensor:
        """Return the number of equally frequent codes with the same entropy ``(K,)``."""
        return torch.exp2(self.entropy())
