"""Exponential moving average: it validates, is saved as the model, and resumes."""

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from fakes import compose_train, fake_overrides

from tts.checkpoint import load_checkpoint, load_run
from tts.training.run import train


class RecordWeights(pl.Callback):
    """Records the weights after every step and those of every validation batch."""

    trained: list[torch.Tensor]
    validated: list[torch.Tensor]

    def __init__(self) -> None:
        RecordWeights.trained, RecordWeights.validated = [], []

    def on_train_batch_end(self, trainer: Any, module: Any, *rest: Any) -> None:
        RecordWeights.trained.append(module.model.project.weight.detach().clone())

    def on_validation_batch_end(self, trainer: Any, module: Any, *rest: Any) -> None:
        if not trainer.sanity_checking:
            RecordWeights.validated.append(module.model.project.weight.detach().clone())


def run(folder: Path, steps: int, resume: bool = False) -> dict[str, Any]:
    overrides = fake_overrides(
        folder, "callbacks=[default,ema]", "callbacks.samples=null",
        "callbacks.validation_metrics=null", "callbacks.ema.decay=0.9",
        f"trainer.max_steps={steps}", "trainer.val_check_interval=3",
        "scheduler=constant", "+callbacks.record._target_=tests.callbacks.test_ema.RecordWeights",
    )  # fmt: skip
    given = (f"resume={folder}", f"trainer.max_steps={steps}") if resume else ()
    train(compose_train(*overrides, *given), given)
    return load_checkpoint(folder / "checkpoints/last.ckpt")


def test_the_average_validates_and_is_loaded_for_synthesis(tmp_path: Path) -> None:
    from tests.callbacks.test_ema import RecordWeights  # the class that the config instantiates

    checkpoint = run(tmp_path, 6)
    average = RecordWeights.trained[0]
    averages = [average]
    for weight in RecordWeights.trained[1:]:
        average = 0.9 * average + 0.1 * weight
        averages.append(average)
    assert torch.allclose(RecordWeights.validated[0], averages[2], atol=1e-6)
    assert torch.allclose(RecordWeights.validated[-1], averages[5], atol=1e-6)
    loaded = load_run(tmp_path / "checkpoints/last.ckpt").weights["project.weight"]
    assert torch.allclose(loaded, averages[5], atol=1e-6)
    trained = checkpoint["current_model_state"]["model.project.weight"]
    assert torch.equal(trained, RecordWeights.trained[-1])


def test_a_resumed_average_equals_that_of_an_uninterrupted_run(tmp_path: Path) -> None:
    full = run(tmp_path / "full", 7)
    run(tmp_path / "cut", 4)
    cut = run(tmp_path / "cut", 7, resume=True)
    for part in ("state_dict", "current_model_state", "averaging_state"):
        for name, value in full[part].items():
            assert torch.equal(value, cut[part][name]), (part, name)
