"""Bad step guard: a bad step is skipped and bundled, and its replay names the fault."""

import logging
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from fakes import compose_train, composed, fake_overrides
from processes import command

from tts.callbacks.bad_steps import BadStepGuard
from tts.checkpoint import load_checkpoint
from tts.errors import UserError
from tts.training.replay import replay
from tts.training.run import train

ROOT = Path(__file__).parents[2]


class CorruptBatch(pl.Callback):
    """Overwrites a mel of the batch with ``value`` for ``times`` steps, from step ``at`` on."""

    def __init__(self, at: int, value: float = float("nan"), times: int = 1) -> None:
        self.steps, self.value = range(at, at + times), value
        self.original = torch.zeros(0)

    def on_train_batch_start(self, trainer: Any, module: Any, batch: Any, batch_idx: int) -> None:
        self.original = batch.mel.clone()
        if trainer.global_step in self.steps:
            batch.mel[1] = self.value

    def on_train_batch_end(self, trainer: Any, module: Any, out: Any, batch: Any, n: int) -> None:
        batch.mel.copy_(self.original)  # for the next epoch


CORRUPT = (
    "+callbacks.corrupt={{_target_: tests.callbacks.test_bad_steps.CorruptBatch, at: {0}, {1}}}"
)


def run(folder: Path, *more: str, steps: int = 70) -> dict[str, float]:
    overrides = fake_overrides(
        folder, "callbacks.samples=null", "callbacks.validation_metrics=null",
        f"trainer.max_steps={steps}", f"trainer.val_check_interval={steps}", *more,
    )  # fmt: skip
    return train(compose_train(*overrides))


def test_a_bundle_that_cannot_be_written_costs_no_more_than_its_step(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        run(tmp_path / "run", CORRUPT.format(3, "value: nan"),
            f"callbacks.bad_steps.folder={tmp_path}/file/x", steps=6)  # fmt: skip
    [message] = [r.getMessage() for r in caplog.records if "skipped" in r.getMessage()]
    assert "file is a file, not a folder" in message
    assert weights(tmp_path / "run")["global_step"] == 6


def weights(folder: Path) -> dict[str, Any]:
    return load_checkpoint(folder / "checkpoints/last.ckpt")


@pytest.mark.parametrize(
    ("value", "reason"),
    [("nan", "the loss is nan"), ("1.0e+6", "deviations above the median of the last 60")],
)
def test_a_bad_batch_costs_one_step_and_its_utterances_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, value: str, reason: str
) -> None:
    with caplog.at_level(logging.WARNING):
        run(tmp_path, CORRUPT.format(60, f"value: {value}"))
    [message] = [r.getMessage() for r in caplog.records if "skipped" in r.getMessage()]
    bundle = tmp_path / "failures" / "step-0000060.pt"
    assert message.startswith("step 60 skipped: ")
    assert reason in message
    assert "utterances train-" in message
    assert str(bundle) in message
    kept = load_checkpoint(bundle)
    assert {"state_dict", "gradient_norms", "config", "facts", "amp_scale"} <= set(kept)
    state = weights(tmp_path)
    assert all(torch.isfinite(v).all() for v in state["state_dict"].values())
    # the optimizer did not count the step
    steps = {int(s["step"]) for s in state["optimizer_states"][0]["state"].values()}
    assert steps == {69}
    report = replay(str(bundle))
    assert report.startswith(f"step 60, skipped because {kept['reason']}")
    if value == "nan":
        assert f"the batch itself: mel of {kept['utterances'][1]} holds" in report
    else:
        assert "all values are finite" in report
        loss = float(report.split("train/loss")[0].split(" loss ")[-1].split(",")[0])
        assert loss == pytest.approx(kept["loss"], rel=1e-3)


def test_a_healthy_run_has_no_warning_and_the_guard_does_not_change_its_weights(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        run(tmp_path / "with")
    assert not [r for r in caplog.records if "skipped" in r.getMessage()]
    run(tmp_path / "without", "callbacks.bad_steps=null")
    one, other = weights(tmp_path / "with"), weights(tmp_path / "without")
    for name, value in one["state_dict"].items():
        assert torch.equal(value, other["state_dict"][name])


def test_too_many_skipped_steps_end_the_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="3 of the last 500 steps were skipped, the last because"):
        run(tmp_path, CORRUPT.format(5, "times: 9"), "callbacks.bad_steps.max_skipped=3",
            "callbacks.bad_steps.max_bundles=2")  # fmt: skip
    assert len(list((tmp_path / "failures").glob("*.pt"))) == 2


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    """The bundle of a real model with a layer that overflows in its first step."""
    folder = tmp_path_factory.mktemp("broken")
    overrides = [
        "model/size=tiny", "data.limit=24", f"data.prepared_dir={prepared}",
        "data.workers=0", "trainer=cpu", "trainer.precision=32-true", "logger=none",
        "trainer.max_steps=1", "callbacks.samples=null",
        "callbacks.validation_metrics=null", "data.frames_per_batch=1500", f"run_dir={folder}/run",
        "+callbacks.overflow={_target_: tests.callbacks.test_bad_steps.Overflow}",
    ]  # fmt: skip
    train(composed("train", *overrides))
    return folder / "run" / "failures" / "step-0000000.pt"


class Overflow(pl.Callback):
    """Sets weights that overflow."""

    def on_train_start(self, trainer: Any, module: Any) -> None:
        with torch.no_grad():
            module.model.decoder.blocks[1].feed_forward.layer.narrow.weight.fill_(3e38)


def test_the_module_with_the_first_non_finite_output_is_named(broken: Path) -> None:
    done = command("-m", "tts", "replay", str(broken), "--trust", "tests")
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("forward: model.decoder.blocks.1.feed_forward.layer")
    assert "is the first with a NaN or infinite output" in last
    assert "its weights within ±3e+38" in last


def test_a_non_finite_gradient_is_traced(broken: Path, tmp_path: Path) -> None:
    """The forward pass is finite, because the weights that overflow are multiplied by zero."""
    bundle = load_checkpoint(broken)
    state = bundle["state_dict"]
    name = next(n for n in state if n.endswith("decoder.blocks.1.feed_forward.layer.narrow.weight"))
    state[name] = state[name] * 1e-30
    state["model.project.weight"] = torch.full_like(state["model.project.weight"], 3e38)
    state["model.decoder.norm.weight"] = torch.zeros_like(state["model.decoder.norm.weight"])
    state["model.decoder.norm.bias"] = torch.zeros_like(state["model.decoder.norm.bias"])
    torch.save(bundle, tmp_path / "b.pt")
    last = replay(str(tmp_path / "b.pt")).splitlines()[-1]
    assert last.startswith("backward")
    assert "decoder" in last


def test_a_file_that_is_not_a_bundle_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no checkpoint"):
        replay(str(tmp_path / "nothing.pt"))
    torch.save({"a": 1}, tmp_path / "other.pt")
    with pytest.raises(UserError, match="is no bundle of a skipped step: it lacks batch"):
        replay(str(tmp_path / "other.pt"))
    with pytest.raises(UserError, match="max_skipped=0"):
        BadStepGuard(tmp_path, max_skipped=0)
