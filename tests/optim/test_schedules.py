"""Learning rate schedules: linear warm-up, peak at the optimizer's rate, shapes."""

from functools import partial
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tts.errors import UserError
from tts.optim.schedules import (
    constant,
    cosine,
    cosine_restarts,
    noam,
    one_cycle,
    warmup_stable_decay,
)

SCHEDULES = {
    "constant": constant,
    "cosine": cosine,
    "cosine_restarts": partial(cosine_restarts, cycle_steps=30),
    "noam": noam,
    "wsd": warmup_stable_decay,
}


def rates(schedule, steps: int, warmup: int, start: int = 0) -> list[float]:  # type: ignore[no-untyped-def]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    scheduler = schedule(optimizer, total_steps=steps, warmup_steps=warmup)
    factor = scheduler.lr_lambdas[0]
    return [2.0 * factor(step) for step in range(start, steps)]


@pytest.mark.parametrize("name", SCHEDULES)
@given(steps=st.integers(1, 200), warmup=st.integers(0, 50))
def test_every_schedule_warms_up_to_the_peak_and_stays_at_or_below(
    name: str, steps: int, warmup: int
) -> None:
    values = rates(SCHEDULES[name], steps, warmup)
    assert all(0 < value <= 2.0 for value in values)
    rise = values[: min(warmup, steps)]
    assert all(a < b for a, b in pairwise(rise))
    top = (
        max(warmup, 1) if name == "noam" else warmup
    )  # Noam peaks at its first step at the earliest
    if top < steps:
        assert values[top] == pytest.approx(2.0)


def test_cosine_ends_at_its_share_of_the_peak() -> None:
    values = rates(partial(cosine, final=0.1), 1000, 100)
    assert values[-1] == pytest.approx(0.2, abs=1e-3)
    assert values[550] == pytest.approx((2.0 + 0.2) / 2, abs=1e-2)


def test_noam_halves_when_steps_grow_fourfold() -> None:
    values = rates(noam, 5000, 500)
    assert values[4 * 500 - 0] == pytest.approx(2.0 * (500 / (500 + 1500)) ** 0.5)


def test_restarts_have_decaying_peaks() -> None:
    values = rates(partial(cosine_restarts, cycle_steps=100, growth=1.0, decay=0.5), 300, 0)
    assert values[100] == pytest.approx(1.0)
    assert values[200] == pytest.approx(0.5)
    assert values[99] < 0.1


def test_one_cycle_rises_once_and_falls_below_its_start() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    factor = one_cycle(optimizer, total_steps=1000).lr_lambdas[0]
    values = [factor(step) for step in range(1000)]
    assert values[0] == pytest.approx(0.04)
    assert values[300] == pytest.approx(1.0)
    assert all(a < b for a, b in pairwise(values[:301]))
    assert all(a > b for a, b in pairwise(values[300:]))
    assert values[-1] < 1e-3


def test_wsd_is_constant_and_decays_at_the_end() -> None:
    values = rates(partial(warmup_stable_decay, decay_share=0.25, final=0.0), 1000, 100)
    assert set(values[100:751]) == {2.0}
    assert values[750 + 25] == pytest.approx(2.0 * (1 - 0.1**0.5), rel=1e-3)
    assert all(a > b for a, b in pairwise(values[750:]))
    longer = rates(partial(warmup_stable_decay, decay_share=0.25, final=0.0), 2000, 100)
    assert longer[:751] == values[:751], "the constant part is the same in a longer run"


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UserError, match="warmup_steps"):
        rates(cosine, 10, -1)
    with pytest.raises(UserError, match="cycle_steps"):
        rates(partial(cosine_restarts, cycle_steps=0), 10, 0)
    with pytest.raises(UserError, match="decay_share"):
        rates(partial(warmup_stable_decay, decay_share=2.0), 10, 0)
    with pytest.raises(UserError, match="rise"):
        one_cycle(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0), 10, rise=1.0)
