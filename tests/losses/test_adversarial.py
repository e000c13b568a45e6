"""The game's losses: each side's best play is where the paper puts it."""

from types import SimpleNamespace

import pytest
import torch

from tts.discriminators.base import DiscriminatorOutput
from tts.errors import UserError
from tts.losses.adversarial import FeatureMatching, GANLoss, HingeGANLoss, LSGANLoss
from tts.losses.weighted import WeightedLoss


def said(*scores: float, features: float = 0.0) -> DiscriminatorOutput:
    tensors = [torch.full((2, 3), score) for score in scores]
    return DiscriminatorOutput(tensors, [[torch.full((2, 4), features)] * 2 for _ in scores])


def output(**fake: DiscriminatorOutput) -> SimpleNamespace:
    real = {name: said(*[1.0] * len(j.logits)) for name, j in fake.items()}
    return SimpleNamespace(wave=torch.zeros(1), fake=fake, real=real)


@pytest.mark.parametrize(
    ("loss", "low"), [(LSGANLoss(average=False), 0.0), (HingeGANLoss(average=False), -1.0)]
)
def test_judges_do_best_when_they_tell_apart(loss: GANLoss, low: float) -> None:
    best = loss.discriminator({"a": said(1.0)}, {"a": said(low)})
    assert best == pytest.approx(0.0)
    assert loss.discriminator({"a": said(1.0)}, {"a": said(1.0)}) > best
    assert loss.discriminator({"a": said(low)}, {"a": said(low)}) > best


@pytest.mark.parametrize("loss", [LSGANLoss(average=False), HingeGANLoss(average=False)])
def test_the_generator_does_best_when_taken_for_real(loss: GANLoss) -> None:
    assert loss(output(a=said(1.0)), None) == pytest.approx(0.0)
    assert loss(output(a=said(0.3)), None) > 0


def test_sums_averages_and_scales() -> None:
    judged = output(a=said(0.0, 0.0), b=said(0.0))
    assert LSGANLoss(average=False)(judged, None) == pytest.approx(3.0)
    assert LSGANLoss(average=True)(judged, None) == pytest.approx(2.0)
    assert LSGANLoss(average=False, scales={"b": 0.1})(judged, None) == pytest.approx(2.1)


def test_feature_matching_is_the_distance_layer_by_layer() -> None:
    judged = output(a=said(0.0, 0.0, features=0.5))
    assert FeatureMatching(average=False)(judged, None) == pytest.approx(
        2.0
    )  # two of two layers of 0.5
    assert FeatureMatching(average=True)(judged, None) == pytest.approx(1.0)
    assert FeatureMatching(average=False, scales={"a": 0.1})(judged, None) == pytest.approx(0.2)


def test_without_judges_nothing_applies() -> None:
    alone = SimpleNamespace(wave=torch.zeros(1), fake=None, real=None)
    loss = WeightedLoss({"game": HingeGANLoss(average=False), "features": FeatureMatching(average=False)},
                        {"game": 1.0, "features": 1.0})  # fmt: skip
    with pytest.raises(UserError, match="no loss term applies"):
        loss(alone, None, 0)
