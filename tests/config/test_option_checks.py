"""Options that exclude each other, and settings that nothing reads."""

from pathlib import Path

import pytest
from fakes import compose_train, composed, fake_overrides

from tts.errors import UserError
from tts.evaluation.run import UNUSED_OPTIONS
from tts.training.run import train


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["experiment=demo", "scheduler=one_cycle"], r"scheduler\.warmup_steps is not a setting"),
        (["experiment=enhanced", "discriminator=none"], r"system\.\w+ is not a setting"),
        (
            ["init_from=voices/lj", "distill_from=voices/lj"],
            "init_from and distill_from are given: use only one of: resume,",
        ),
        (
            ["experiment=enhanced", "trainer.precision=bf16-true"],
            "rounds away the updates of system.averaging",
        ),
        (["model=vocos", "trainer.precision=bf16-true"], "too coarse for a vocoder's samples"),
        (["model=vocos", "callbacks=[vocoder,ema]"], "would average twice"),
        (["init_from=voices/none"], "init_from=voices/none does not exist: give a run or a voice"),
        (["distill_from=a.onnx"], r"^distill_from=a\.onnx is a voice in ONNX"),
        (
            ["++model.loss.decays.guided_attention=[1,2]"],
            "^model.loss.decays.guided_attention is a setting .* choose model=autoregressive",
        ),
        (["++model.loss.ramps.x=[1,2]"], "^model.loss.ramps.x: the loss has no such term; choose"),
        (["name=.."], r"name=\.\.: the run would leave outputs/"),
        (["seed=abc"], "seed='abc': expected a whole number from 0 to"),
        (
            ["trainer.max_steps=1e3"],
            "trainer.max_steps=1000.0: expected -1, or a whole number",
        ),
        (
            ["+callbacks.plateua.window=3"],
            r"callbacks.plateua=\{window:3\}: expected a section that names a class by _target_",
        ),
    ],
)
def test_conflicting_options_are_rejected_before_a_run_folder_exists(
    tmp_path: Path, overrides: list[str], message: str
) -> None:
    config = composed("train", f"run_dir={tmp_path}/run", "trainer=cpu", "data=demo", *overrides)
    with pytest.raises(UserError, match=message):
        train(config, overrides)
    assert not (tmp_path / "run").exists()


def test_a_resumed_run_takes_no_other_starting_point(tmp_path: Path) -> None:
    first = fake_overrides(tmp_path, "trainer.max_steps=2", "trainer.val_check_interval=2")
    train(compose_train(*first))
    more = [f"resume={tmp_path}", "init_from=voices/lj"]
    with pytest.raises(UserError, match="resume and init_from"):
        train(compose_train(*first, *more), more)


def test_a_schedule_by_epochs_ends_with_the_last_epoch(tmp_path: Path) -> None:
    """Five batches an epoch; the learning rate is lowest after the last."""
    metrics = train(
        compose_train(
            *fake_overrides(
                tmp_path, "trainer.max_steps=-1", "trainer.max_epochs=4", "callbacks=default",
                "callbacks.samples=null", "callbacks.validation_metrics=null",
                "trainer.log_every_n_steps=1",
                "trainer.val_check_interval=5",
            )
        )
    )  # fmt: skip
    assert metrics["steps"] == 20
    config = compose_train(*fake_overrides(tmp_path))
    lowest = config.optimizer.lr * config.scheduler.final
    # logged before the last of twenty steps; over 20,000 it would be at its peak
    assert lowest <= metrics["train/learning_rate"] < 4 * lowest
    with pytest.raises(UserError, match="a learning rate schedule needs an end"):
        train(compose_train(*fake_overrides(tmp_path / "endless", "trainer.max_steps=-1")))


def test_every_rejected_option_exists() -> None:
    known = {*composed("evaluate"), "data"}
    for what, names in UNUSED_OPTIONS.items():
        assert names <= known, (what, names - known)
