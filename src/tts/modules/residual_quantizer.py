"""Residual vector quantizer: codebooks that follow the data, each on the residual of the last."""

from typing import Annotated

import torch
import torch.distributed as dist
from torch import Tensor

from tts.bounds import Bound, Channels, Share, ShareBelowOne
from tts.modules.quantizer import Quantizer, QuantizerOutput

EARLY = 9.0  # of the decay (EARLY + n) / (EARLY + n + 1) after n batches: first a plain mean
# where a new entry lies between an entry in use and a vector that chose it: in many dimensions a
# vector itself is farther from all others than their mean is, so nothing would choose it
SPLIT = 0.3
SMALLEST = 1e-8  # use, in a division


class ResidualVectorQuantizer(Quantizer):
    """Quantize vectors of ``dim`` by the nearest entries of ``codebooks`` codebooks in a row.

    SoundStream (Zeghidour et al. 2021, section III-C). In training the entries

    - are spread over the vectors of the first batches;
    - move to the mean of the vectors that choose them: online k-means at first (MacQueen 1967),
      then an exponential moving average with ``decay`` per batch (van den Oord et al. 2017,
      appendix A.1);
    - split an entry in use where they are chosen less than ``revive_below`` times as often as the
      mean (Linde, Buzo & Gray 1980, section III).

    Counts and sums are added up over all ranks, so every rank has the same codebooks. All state is
    in buffers. ``dropout`` as in :class:`Quantizer`.
    """

    def __init__(
        self,
        dim: Channels = 64,
        codebooks: Annotated[int, Bound(least=1, most=64)] = 8,
        codebook_size: Annotated[int, Bound(least=2, most=65536)] = 1024,
        decay: ShareBelowOne = 0.99,
        revive_below: ShareBelowOne = 0.05,
        dropout: Share = 0.5,
    ) -> None:
        super().__init__(dim, codebooks, codebook_size, dropout)
        self.decay, self.revive_below = decay, revive_below
        self.register_buffer("entries", torch.zeros(codebooks, codebook_size, dim))
        self.register_buffer("use", torch.zeros(codebooks, codebook_size))
        self.register_buffer("batches", torch.zeros(()))
        self.entries: Tensor  # (K, V, D)
        self.use: Tensor  # (K, V) times that a batch chooses an entry, averaged; 0 = not set yet
        self.batches: Tensor  # trained on

    def forward(self, x: Tensor) -> QuantizerOutput:
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            residuals, chosen, codes = self._search(x.detach())
            if self.training:
                self._move(residuals, codes)
                self._revive(residuals, chosen)
            kept = self.kept_levels(x).T[..., None, None]  # (K, B, 1, 1)
            errors = (x - chosen.cumsum(0)).square().mean((2, 3), keepdim=True)
            commitment = (errors * kept).sum() / kept.sum()
            quantized = (chosen * kept).sum(0)
            latent = x + (quantized - x).detach()
        return QuantizerOutput(latent, codes.movedim(0, -1), commitment)

    def quantize(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            return self._search(x.float())[2].movedim(0, -1)

    def dequantize(self, codes: Tensor) -> Tensor:
        chosen = [self.entries[level][codes[..., level]] for level in range(codes.shape[-1])]
        return torch.stack(chosen).sum(0)

    @torch.no_grad()
    def _search(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return each level's residual and nearest entry ``(K, B, T, D)``, and its code."""
        residual, residuals, chosen, codes = x, [], [], []
        # matrix products round differently in another batch, which may change a code; in training
        # their speed counts
        mode = f"{'use' if self.training else 'donot_use'}_mm_for_euclid_dist"
        for entries, use in zip(self.entries, self.use, strict=True):
            distances = torch.cdist(residual, entries, compute_mode=mode)
            code = distances.masked_fill(use <= 0, float("inf")).argmin(-1)
            residuals.append(residual)
            codes.append(code)
            chosen.append(entries[code])
            residual = residual - chosen[-1]
        return torch.stack(residuals), torch.stack(chosen), torch.stack(codes)

    @torch.no_grad()
    def _move(self, residuals: Tensor, codes: Tensor) -> None:
        """Move the entries to the mean of their vectors."""
        sums = torch.zeros(*self.use.shape, 1 + residuals.shape[-1], device=residuals.device)
        for level, (vectors, code) in enumerate(zip(residuals, codes, strict=True)):
            counted = torch.cat([torch.ones_like(vectors[..., :1]), vectors], -1)
            sums[level].index_add_(0, code.flatten(), counted.flatten(0, 1))
        if _ranks() > 1:
            dist.all_reduce(sums)
        count, total = sums[..., :1], sums[..., 1:]
        decay = ((EARLY + self.batches) / (EARLY + 1 + self.batches)).clamp(max=self.decay)
        self.use.lerp_(count[..., 0], 1 - decay)
        # the mean with weights decay * use and (1 - decay) * count, as a step from the old one
        step = (1 - decay) / self.use.clamp(min=SMALLEST)[..., None]
        self.entries += step * (total - count * self.entries)
        self.batches += 1

    @torch.no_grad()
    def _revive(self, residuals: Tensor, chosen: Tensor) -> None:
        """Set entries that are hardly used between a vector of this batch and its own entry."""
        split = torch.lerp(chosen, residuals, SPLIT).flatten(1, 2)  # (K, n, D)
        count = split.shape[1]
        mean_use = count * _ranks() / self.codebook_size
        unused = self.use <= self.revive_below * mean_use
        order = unused.cumsum(1) - 1  # of the unused entries of a level
        unused &= order < count
        picked = torch.randperm(count, device=split.device)[order.clamp(0, count - 1)]
        vectors = split.gather(1, picked[..., None].expand(-1, -1, split.shape[-1]))
        if _ranks() > 1:  # the first rank's for all
            dist.broadcast(vectors, 0)
        self.entries.copy_(torch.where(unused[..., None], vectors, self.entries))
        self.use.copy_(torch.where(unused, mean_use, self.use))


def _ranks() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1
