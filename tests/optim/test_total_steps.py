"""Number of optimizer steps by steps, epochs and accumulation."""

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
        (-1, 2, 3, 18),  # nine steps per epoch of 25 batches, the last of one batch
        (100, 2, 1, 50),
        (20, 2, 3, 18),
        (10, 2, 3, 10),
    ],
)
def test_steps_or_epochs_whichever_ends_first(
    max_steps: int, max_epochs: int, accumulate: int, expected: int
) -> None:
    batches = 25
    by_epochs = batches * max_epochs if max_epochs > 0 else math.inf
    trainer = SimpleNamespace(
        max_steps=max_steps, max_epochs=max_epochs, num_training_batches=batches,
        # Lightning does not know of accumulation by the system itself
        estimated_stepping_batches=min(by_epochs, max_steps if max_steps > 0 else math.inf),
    )  # fmt: skip
    assert total_steps(trainer, accumulate) == expected


def test_a_training_without_end_is_an_error() -> None:
    endless = SimpleNamespace(max_steps=-1, max_epochs=-1, estimated_stepping_batches=math.inf)
    with pytest.raises(UserError, match="schedule needs an end"):
        total_steps(endless)
