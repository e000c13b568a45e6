"""Adversarial losses: minima, sums, averages and scales."""

from types import SimpleNamespace

import pytest
import torch

from tts.discriminators.base import DiscriminatorOutput
from tts.errors import UserError
from tts.losses.adversarial import (
    AdversarialOutput,
    FeatureMatching,
    GANLoss,
    HingeGANLoss,
    LSGANLoss,
)
from tts.losses.weighted import WeightedLoss


def scored(*logits: float, features: float = 0.0) -> DiscriminatorOutput:
    tensors = [torch.full((2, 3), value) for value in logits]
    return DiscriminatorOutput(tensors, [[torch.full((2, 4), features)] * 2 for _ in logits])


def output(**fake: DiscriminatorOutput) -> AdversarialOutput:
    real = {name: scored(*[1.0] * len(each.logits)) for name, each in fake.items()}
    return AdversarialOutput(real, fake)


@pytest.mark.parametrize(
    ("loss", "low"), [(LSGANLoss(average=False), 0.0), (HingeGANLoss(average=False), -1.0)]
)
def test_the_discriminator_loss_is_least_for_correct_logits(loss: GANLoss, low: float) -> None:
    def of(real: float, fake: float) -> torch.Tensor:
        return loss.discriminator(AdversarialOutput({"a": scored(real)}, {"a": scored(fake)}))

    best = of(1.0, low)
    assert best == pytest.approx(0.0)
    assert of(1.0, 1.0) > best
    assert of(low, low) > best


@pytest.mark.parametrize("loss", [LSGANLoss(average=False), HingeGANLoss(average=False)])
def test_the_generator_loss_is_least_for_logits_of_real(loss: GANLoss) -> None:
    assert loss(output(a=scored(1.0))) == pytest.approx(0.0)
    assert loss(output(a=scored(0.3))) > 0


def test_sums_averages_and_scales() -> None:
    adversarial = output(a=scored(0.0, 0.0), b=scored(0.0))
    assert LSGANLoss(average=False)(adversarial) == pytest.approx(3.0)
    assert LSGANLoss(average=True)(adversarial) == pytest.approx(2.0)
    assert LSGANLoss(average=False, scales={"b": 0.1})(adversarial) == pytest.approx(2.1)


def test_feature_matching_sums_the_distance_of_each_layer() -> None:
    adversarial = output(a=scored(0.0, 0.0, features=0.5))
    assert FeatureMatching(average=False)(adversarial) == pytest.approx(
        2.0
    )  # two members of two layers of 0.5
    assert FeatureMatching(average=True)(adversarial) == pytest.approx(1.0)
    assert FeatureMatching(average=False, scales={"a": 0.1})(adversarial) == pytest.approx(0.2)


def test_adversarial_terms_do_not_apply_without_discriminator_outputs() -> None:
    terms = {
        "adversarial": HingeGANLoss(average=False),
        "feature_matching": FeatureMatching(average=False),
    }
    loss = WeightedLoss(terms, dict.fromkeys(terms, 1.0))
    with pytest.raises(UserError, match="no loss term applies"):
        loss(SimpleNamespace(wave=torch.zeros(1)), None, 0)
    adversarial = output(a=scored(0.0, features=0.5))
    assert loss(None, None, 0, adversarial).total == pytest.approx(2.0)
