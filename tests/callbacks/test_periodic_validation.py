"""Callbacks that act at every n-th validation: the first, the last, and one that ends the run."""

from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from tts.callbacks.support.periodic_validation import PeriodicValidation


class Acting(PeriodicValidation):
    """Notes the steps of validations, as a callback that keeps what it would write."""

    def __init__(self, every: int) -> None:
        super().__init__(1, every)
        self.steps: list[int] = []
        self.held: int | None = None

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.held = trainer.global_step
        if self.due(trainer):
            self.act(trainer, pl_module)
        super().on_validation_epoch_end(trainer, pl_module)

    def act(self, trainer: Any, pl_module: Any) -> None:
        assert self.held is None or not self.steps or not pl_module.training
        if self.held is not None:
            self.steps.append(self.held)
        self.held = None


@pytest.mark.parametrize(
    ("every", "ends_at", "acted"),
    [
        (1, 40, [10, 20, 30, 40]),
        (3, 40, [10, 40]),
        (3, 30, [10, 30]),
        (2, 35, [10, 30]),
        (9, 10, [10]),
    ],
)
def test_the_last_validation_acts_also_where_it_ends_the_run(
    every: int, ends_at: int, acted: list[int]
) -> None:
    callback, system = Acting(every), nn.Linear(1, 1).eval()
    trainer: Any = SimpleNamespace(
        sanity_checking=False, state=SimpleNamespace(fn="fit"), should_stop=False, max_steps=100,
        max_epochs=-1, global_step=0,
    )  # fmt: skip
    for step in range(10, ends_at + 1, 10):
        trainer.global_step = step
        callback.on_validation_epoch_end(trainer, system)
    trainer.global_step, trainer.should_stop = ends_at, True  # as early stopping does
    callback.on_train_end(trainer, system.train())
    assert callback.steps == acted
