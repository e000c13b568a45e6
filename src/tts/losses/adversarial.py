"""The game between a generator and its judges, and what a judge's inner layers teach.

Each adversarial loss is a term of the generator's (``forward``) and has the judges' own side beside
it (``discriminator``), so that a config chooses both at once. ``output.fake`` and ``output.real``
map a judge's name to its ``DiscriminatorOutput``, or are None while no judge is at work.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class GANLoss(nn.Module):
    """``scales``: how much a judge by that name counts, 1 where it is not named.

    ``average`` over a judge's sub-discriminators (Vocos) instead of their sum (HiFi-GAN).
    """

    exclude_from_balancing = True  # a score, not a distance

    def __init__(self, *, average: bool, scales: Mapping[str, float] | None = None) -> None:
        super().__init__()
        self.scales, self.average = dict(scales or {}), average

    def forward(self, output: Any, batch: Any) -> Tensor | None:
        """The generator's side: its judgements should look like those of real speech."""
        if output.fake is None:
            return None
        parts = [
            self._together(name, [self.generator_loss(score.float()) for score in judgement.logits])
            for name, judgement in output.fake.items()
        ]
        return torch.stack(parts).sum()

    def discriminator(self, real: Mapping[str, Any], fake: Mapping[str, Any]) -> Tensor:
        """The judges' side: real high, made low. Every judge counts alike, whatever its scale."""
        parts = [
            self.discriminator_loss(r.float(), f.float())
            for name in real
            for r, f in zip(real[name].logits, fake[name].logits, strict=True)
        ]
        return torch.stack(parts).sum() / (len(parts) if self.average else 1)

    def generator_loss(self, fake: Tensor) -> Tensor:
        raise NotImplementedError

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        raise NotImplementedError

    def _together(self, name: str, parts: list[Tensor]) -> Tensor:
        total = torch.stack(parts).sum() / (len(parts) if self.average else 1)
        return self.scales.get(name, 1.0) * total


class LSGANLoss(GANLoss):
    """Real is 1, made is 0, in squared error (Mao et al. 2017, equation 9)."""

    def generator_loss(self, fake: Tensor) -> Tensor:
        return (1 - fake).square().mean()

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return (1 - real).square().mean() + fake.square().mean()


class HingeGANLoss(GANLoss):
    """Only what is not yet clear counts (Lim & Ye 2017, equations 4 and 5).

    The generator's side is cut at 1 too, as Vocos has it: it does not chase a judge it has won.
    """

    def generator_loss(self, fake: Tensor) -> Tensor:
        return F.relu(1 - fake).mean()

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


class FeatureMatching(nn.Module):
    """Mean distance in each inner layer of the judges, summed over layers (Larsen et al. 2016).

    ``scales`` and ``average`` as in :class:`GANLoss`.
    """

    def __init__(self, *, average: bool, scales: Mapping[str, float] | None = None) -> None:
        super().__init__()
        self.scales, self.average = dict(scales or {}), average

    def forward(self, output: Any, batch: Any) -> Tensor | None:
        if output.fake is None:
            return None
        totals = []
        for name, fake in output.fake.items():
            parts = [
                torch.stack([F.l1_loss(f.float(), r.float()) for f, r in zip(fs, rs, strict=True)])
                for fs, rs in zip(fake.feature_maps, output.real[name].feature_maps, strict=True)
            ]
            summed = torch.stack([part.sum() for part in parts])
            together = summed.mean() if self.average else summed.sum()
            totals.append(self.scales.get(name, 1.0) * together)
        return torch.stack(totals).sum()
