"""A config that cannot be composed: what is wrong, near matches, what exists."""

import pytest
from fakes import composed
from hydra.errors import HydraException

from tts.config.errors import did_you_mean, explain
from tts.config.launch import CONF


def message(*overrides: str) -> str:
    with pytest.raises(HydraException) as caught:
        composed("train", *overrides)
    return explain(caught.value, "train", CONF, overrides)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("model/size=smal", "did you mean small? choose from base, large, small, tiny"),
        ("model/sise=small", "no config group 'model/sise'; did you mean model/size"),
        ("optimizer.lrr=1", "did you mean optimizer.lr, "),
        (
            "loss.weights.mel=2",
            "no setting 'loss.weights.mel'; did you mean model.loss.weights.mel",
        ),
        (
            "weights.mel_delta=2",
            "did you mean model.loss.weights.mel_delta, model.loss.terms.mel_delta? the config has",
        ),
        ("discriminator/size=paper,", "cannot read"),
    ],
)
def test_the_message_names_the_override_and_near_matches(override: str, expected: str) -> None:
    assert expected in message(override)


def test_a_group_of_other_choices_is_named() -> None:
    text = message("discriminator=mel_patches", "discriminator/size=paper")
    assert "discriminator/size does not apply" in text


def test_no_match_is_no_hint() -> None:
    assert did_you_mean("zzz", ["alpha", "beta"]) == ""
    assert did_you_mean("alpah", ["alpha", "alpha"]) == "did you mean alpha? "
