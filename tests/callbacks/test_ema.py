"""The average of the weights validates, is what a checkpoint speaks with, and resumes."""

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from fakes import compose_train, fake_overrides

from tts.checkpoint import load_checkpoint, load_run
from tts.training.run import train


class Look(pl.Callback):
    """The weights of every step, and those that validate."""

    trained: list[torch.Tensor]
    validated: list[torch.Tensor]

    def __init__(self) -> None:
        Look.trained, Look.validated = [], []

    def on_train_batch_end(self, trainer: Any, module: Any, *rest: Any) -> None:
        Look.trained.append(module.model.project.weight.detach().clone())

    def on_validation_batch_end(self, trainer: Any, module: Any, *rest: Any) -> None:
        if not trainer.sanity_checking:
            Look.validated.append(module.model.project.weight.detach().clone())


def run(folder: Path, steps: int, resume: bool = False) -> dict[str, Any]:
    overrides = fake_overrides(
        folder, "callbacks=[default,ema]", "callbacks.samples=null", "callbacks.validation_metrics=null",
        "callbacks.ema.decay=0.9", f"trainer.max_steps={steps}", "trainer.val_check_interval=3",
        "scheduler=constant", "+callbacks.look._target_=tests.callbacks.test_ema.Look",
    )  # fmt: skip
    given = (f"resume={folder}", f"trainer.max_steps={steps}") if resume else ()
    train(compose_train(*overrides, *given), given)
    return load_checkpoint(folder / "checkpoints/last.ckpt")


def test_the_average_validates_and_speaks(tmp_path: Path) -> None:
    from tests.callbacks.test_ema import Look  # the one that the config names

    checkpoint = run(tmp_path, 6)
    average = Look.trained[0]
    kept = [average]
    for weight in Look.trained[1:]:
        average = 0.9 * average + 0.1 * weight
        kept.append(average)
    assert torch.allclose(Look.validated[0], kept[2], atol=1e-6)
    assert torch.allclose(Look.validated[-1], kept[5], atol=1e-6)
    spoken = load_run(tmp_path / "checkpoints/last.ckpt").weights["project.weight"]
    assert torch.allclose(spoken, kept[5], atol=1e-6)
    trained = checkpoint["current_model_state"]["model.project.weight"]
    assert torch.equal(trained, Look.trained[-1])


def test_a_resumed_average_is_that_of_a_run_never_cut(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 7)
    run(tmp_path / "cut", 4)
    cut = run(tmp_path / "cut", 7, resume=True)
    for part in ("state_dict", "current_model_state", "averaging_state"):
        for name, value in whole[part].items():
            assert torch.equal(value, cut[part][name]), (part, name)
