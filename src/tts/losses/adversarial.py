"""Adversarial losses of generator and discriminators, and feature matching.

One class holds both sides of a GAN loss, so that a config chooses them together: the generator's is
a term of the weighted loss (``forward``), the discriminators' is :meth:`GANLoss.discriminator`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.bounds import NonNegative
from tts.discriminators.base import DiscriminatorOutput
from tts.losses.term import LossTerm


class AdversarialOutput(NamedTuple):
    """The discriminators' outputs by name, for the recordings and for the generated signal."""

    real: Mapping[str, DiscriminatorOutput]
    fake: Mapping[str, DiscriminatorOutput]


class AdversarialTerm(LossTerm):
    """A loss term that reads the discriminators' outputs instead of the model's.

    ``scales``: weight of a discriminator by its name, 1 by default. ``average`` over its
    sub-discriminators (Vocos) instead of their sum (HiFi-GAN).
    """

    def __init__(self, *, average: bool, scales: Mapping[str, NonNegative] | None = None) -> None:
        super().__init__()
        self.scales, self.average = dict(scales or {}), average

    def forward(self, adversarial: AdversarialOutput) -> Tensor:
        """Return the generator's loss; a scalar."""
        raise NotImplementedError

    def scale(self, name: str) -> float:
        """Return the weight of a discriminator."""
        return self.scales.get(name, 1.0)


class GANLoss(AdversarialTerm):
    """Base of the GAN losses: a subclass gives both sides' loss for one tensor of logits."""

    exclude_from_balancing = True  # a score has no noise or progress to read from

    def forward(self, adversarial: AdversarialOutput) -> Tensor:
        totals = []
        for name, output in adversarial.fake.items():
            losses = [self.generator_loss(logits.float()) for logits in output.logits]
            totals.append(self.scale(name) * self._reduce(losses))
        return torch.stack(totals).sum()

    def discriminator(self, adversarial: AdversarialOutput) -> Tensor:
        """Return the discriminators' loss; a scalar. ``scales`` do not apply to it."""
        real, fake = adversarial
        losses = [
            self.discriminator_loss(r.float(), f.float())
            for name in real
            for r, f in zip(real[name].logits, fake[name].logits, strict=True)
        ]
        return self._reduce(losses)

    def generator_loss(self, fake: Tensor) -> Tensor:
        """Return the loss of the logits for a generated signal; a scalar."""
        raise NotImplementedError

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the loss of the logits for a recording and for a generated signal; a scalar."""
        raise NotImplementedError

    def _reduce(self, losses: list[Tensor]) -> Tensor:
        return torch.stack(losses).sum() / (len(losses) if self.average else 1)


class LSGANLoss(GANLoss):
    """Least-squares GAN, targets 1 for real and 0 for generated (Mao et al. 2017, equation 9).

    ``L_G = E[(D(fake) - 1)^2]``, ``L_D = E[(D(real) - 1)^2] + E[D(fake)^2]``.
    """

    def generator_loss(self, fake: Tensor) -> Tensor:
        return (1 - fake).square().mean()

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return (1 - real).square().mean() + fake.square().mean()


class HingeGANLoss(GANLoss):
    """Hinge GAN (Lim & Ye 2017, equations 4 and 5).

    ``L_D = E[max(0, 1 - D(real))] + E[max(0, 1 + D(fake))]``. The generator's side is a hinge too,
    as in Vocos: ``L_G = E[max(0, 1 - D(fake))]``, not ``-E[D(fake)]``.
    """

    def generator_loss(self, fake: Tensor) -> Tensor:
        return F.relu(1 - fake).mean()

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


class FeatureMatching(AdversarialTerm):
    """L1 distance of the discriminators' feature maps, summed over layers.

    Larsen et al. 2016, equation 7; HiFi-GAN (Kong et al. 2020), equation 6.
    """

    def forward(self, adversarial: AdversarialOutput) -> Tensor:
        real, fake = adversarial
        totals = []
        for name, output in fake.items():
            pairs = zip(output.feature_maps, real[name].feature_maps, strict=True)
            distances = torch.stack([_distance(f, r) for f, r in pairs])
            reduced = distances.mean() if self.average else distances.sum()
            totals.append(self.scale(name) * reduced)
        return torch.stack(totals).sum()


def _distance(fake: list[Tensor], real: list[Tensor]) -> Tensor:
    """Sum of the mean absolute differences of each layer's output."""
    layers = zip(fake, real, strict=True)
    return torch.stack([F.l1_loss(f.float(), r.float()) for f, r in layers]).sum()
