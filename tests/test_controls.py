"""Synthesis controls: parsing, limits, and the combination with a voice's defaults."""

import math

import pytest
import torch
import yaml

from tts.controls import NEUTRAL, SynthesisControls
from tts.errors import UserError
from tts.project_files import CONF

CPU = torch.device("cpu")


def test_the_yaml_lists_every_control_and_sets_none() -> None:
    listed = yaml.safe_load((CONF / "_controls.yaml").read_text())
    assert list(listed) == list(SynthesisControls._fields)
    assert SynthesisControls.parse(listed) == SynthesisControls()


def test_values_become_numbers_and_lists() -> None:
    parsed = SynthesisControls.parse({"rate": "1.5", "pitch": [1, "2"], "steps": 4.0, "energy": 1})
    assert parsed == SynthesisControls(rate=1.5, pitch=[1.0, 2.0], steps=4, energy=1.0)
    assert isinstance(parsed.steps, int)
    assert parsed.changed().keys() == {"rate", "pitch", "steps", "energy"}
    assert parsed.only(["rate"]) == SynthesisControls(rate=1.5)
    assert parsed.has_per_token()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rate", 0, "rate=0: expected a number from 0.1 to 10"),
        ("rate", [1.0, 11.0], "rate=11: expected a number from 0.1 to 10"),
        ("rate", "fast", r"rate=fast: expected a number .* or \[a,b"),
        ("pitch", math.nan, "pitch=nan: expected a number from -48 to 48"),
        ("energy", math.inf, "energy=inf: expected a number from -60 to 60"),
        ("pitch_range", -1, "pitch_range=-1: expected a number from 0 to 5"),
        ("pitch_range", 6, "pitch_range=6: expected"),
        ("variance_scale", 0, "variance_scale=0: expected a number above 0 and at most 2"),
        ("variance_scale", [1.0], r"variance_scale=\[1.0\]: expected a number"),
        ("prosody_temperature", -1, "prosody_temperature=-1: expected a number from 0 to 10"),
        ("temperature", math.nan, "temperature=nan: expected a number from 0"),
        ("steps", 2.5, "steps=2.5: expected a whole number from 1 to 1000"),
        ("guidance", -math.inf, "guidance=-inf: expected"),
        ("prosody_temperature", 1e9, r"prosody_temperature=1e\+09: expected a number from 0 to 10"),
        ("pitch", 1e9, r"pitch=1e\+09: expected a number from -48 to 48"),
        ("energy", [1e9], r"energy=1e\+09: expected"),
        ("solver", "heun", "solver=heun: choose from euler, midpoint, exponential"),
        ("volume", 3, "volume: no such synthesis control; choose from rate, pitch"),
    ],
)
def test_a_wrong_value_is_one_clear_error(name: str, value: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        SynthesisControls.parse({name: value})


def test_controls_are_applied_on_top_of_a_voices_defaults() -> None:
    voice = SynthesisControls(pitch_range=1.25, pitch=2.0, variance_scale=1.05, steps=2)
    assert SynthesisControls().on(voice) == voice
    assert voice.on(SynthesisControls()) == voice
    asked = SynthesisControls(pitch_range=2.0, pitch=-1.0, variance_scale=1.0)
    both = SynthesisControls(pitch_range=2.5, pitch=1.0, variance_scale=1.0, steps=2)
    assert asked.on(voice) == both
    per_token = SynthesisControls(pitch_range=[0.0, 2.0]).for_tokens(2, CPU).on(voice)
    assert torch.equal(torch.as_tensor(per_token.pitch_range), torch.tensor([[0.0, 2.5]]))


@pytest.mark.parametrize(
    ("name", "asked", "own", "message"),
    [
        ("rate", 9.0, 2.0, "rate=9 and the voice's own rate of 2 make 18: expected a number from"),
        ("pitch", -30.0, -20.0, "pitch=-30 and the voice's own pitch of -20 make -50"),
        ("pitch_range", [1.0, 4.0], 2.0, r"pitch_range=4 and the voice's own .* make 8"),
    ],
)
def test_a_control_and_the_voices_own_together_stay_in_range(
    name: str, asked: object, own: float, message: str
) -> None:
    controls = SynthesisControls.parse({name: asked}).for_tokens(2, CPU)
    with pytest.raises(UserError, match=message):
        controls.on(SynthesisControls(**{name: own}))


def test_a_list_needs_one_value_per_token() -> None:
    with pytest.raises(UserError, match="rate has 2 values and the sentence 3 tokens"):
        SynthesisControls(rate=[1.0, 2.0]).for_tokens(3, CPU)
    assert SynthesisControls().for_tokens(3, CPU) == NEUTRAL
