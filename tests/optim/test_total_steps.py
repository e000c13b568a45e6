"""A schedule knows where the training ends."""

import math
from types import SimpleNamespace

import pytest

from tts.errors import UserError
from tts.optim.total_steps import total_steps


@pytest.mark.parametrize(
    ("max_steps", "max_epochs", "accumulate", "expected"),
    [
        (100, -1, 1, 100),
        (100, -1, 3, 100),
        (-1, 2, 1, 50),
        (-1, 2, 3, 18),  # nine a round of twenty-five batches, the last of one batch alone
        (100, 2, 1, 50),
        (20, 2, 3, 18),
        (10, 2, 3, 10),
    ],
)
def test_whichever_ends_first(
    max_steps: int, max_epochs: int, accumulate: int, expected: int
) -> None:
    batches = 25
    by_epochs = batches * max_epochs if max_epochs > 0 else math.inf
    trainer = SimpleNamespace(
        max_steps=max_steps, max_epochs=max_epochs, num_training_batches=batches,
        # as Lightning has it, which sees no accumulation that is a system's own
        estimated_stepping_batches=min(by_epochs, max_steps if max_steps > 0 else math.inf),
    )  # fmt: skip
    assert total_steps(trainer, accumulate) == expected


def test_without_an_end_there_is_no_schedule() -> None:
    endless = SimpleNamespace(max_steps=-1, max_epochs=-1, estimated_stepping_batches=math.inf)
    with pytest.raises(UserError, match="a schedule needs an end"):
        total_steps(endless)
