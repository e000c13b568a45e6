"""Validation schedule: by optimizer steps, with accumulation too, and always at the end."""

import logging
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
from fakes import compose_train, fake_overrides

from tts.checkpoint import load_checkpoint
from tts.training.run import train

VALIDATED: list[int] = []


class RecordValidations(pl.Callback):
    """Records the steps of the validations."""

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        if not trainer.sanity_checking:
            VALIDATED.append(trainer.global_step)


RECORD = "+callbacks.record._target_=tests.callbacks.test_validation_schedule.RecordValidations"


def validated(folder: Path, *overrides: str) -> list[int]:
    VALIDATED.clear()
    train(compose_train(*fake_overrides(folder, RECORD, *overrides)))
    return list(VALIDATED)


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        # epochs of 5 batches
        (("max_steps=1",), [1]),
        (("max_steps=7", "val_check_interval=3"), [3, 6, 7]),
        (("max_steps=6", "val_check_interval=3"), [3, 6]),
        (("max_steps=8", "val_check_interval=500"), [8]),
        (("max_steps=8", "val_check_interval=3", "accumulate_grad_batches=2"), [3, 6, 8]),
        (("max_steps=5", "val_check_interval=500", "accumulate_grad_batches=4"), [5]),
        (("max_steps=1", "accumulate_grad_batches=4"), [1]),
        (("max_steps=-1", "max_epochs=2"), [10]),
        (("max_steps=-1", "max_epochs=2", "accumulate_grad_batches=3"), [4]),
        (("max_steps=14", "max_epochs=2", "val_check_interval=4"), [4, 8, 10]),
        (("max_steps=17", "check_val_every_n_epoch=2"), [10, 17]),
        (("max_steps=-1", "max_epochs=3", "check_val_every_n_epoch=2"), [10, 15]),
        (("max_steps=4", "limit_train_batches=2", "val_check_interval=3"), [3, 4]),
    ],
    ids=lambda value: ",".join(map(str, value)),
)
def test_the_last_step_is_validated_and_the_best_and_last_checkpoints_exist(
    tmp_path: Path, overrides: tuple[str, ...], expected: list[int]
) -> None:
    assert validated(tmp_path, *(f"++trainer.{key}" for key in overrides)) == expected
    for name in ("best", "last"):
        checkpoint = load_checkpoint(tmp_path / f"checkpoints/{name}.ckpt")
        assert checkpoint["global_step"] in expected


def test_a_run_without_validations_has_its_last_checkpoint_and_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert validated(tmp_path, "trainer.max_steps=2", "+trainer.limit_val_batches=0") == []
    assert load_checkpoint(tmp_path / "checkpoints/last.ckpt")["global_step"] == 2
    assert "there is no best.ckpt, only last.ckpt: trainer.limit_val_batches=0" in caplog.text
