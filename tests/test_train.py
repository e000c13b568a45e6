"""Training: an interrupted and resumed run equals an uninterrupted one; signals; checkpoints."""

import logging
import signal
import time
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from fakes import FAKES, compose_train, fake_overrides
from omegaconf import OmegaConf
from processes import Command

from tts.callbacks.checkpoints import Checkpoints
from tts.checkpoint import CheckpointError, load_checkpoint, load_run
from tts.errors import UserError
from tts.training.precision import choose_precision
from tts.training.run import train

ROOT = Path(__file__).parents[1]
STEPS = ("trainer.max_steps=13", "trainer.val_check_interval=4")  # epochs of 5 batches


def run(folder: Path, *overrides: str) -> dict[str, float]:
    return train(compose_train(*fake_overrides(folder, *overrides)))


def resume(folder: Path, *overrides: str) -> dict[str, float]:
    overrides = (f"resume='{folder}'", f"run_dir='{folder}'", *overrides)
    return train(compose_train("data=fake", "model=fake", *overrides), overrides)


def cut(folder: Path, at: int, *overrides: str) -> None:
    """Train until a SIGTERM in step ``at``."""
    overrides = (
        *STEPS,
        "+callbacks.signal._target_=fakes.SendSignal",
        f"+callbacks.signal.at={at}",
        *overrides,
    )
    with pytest.raises(SystemExit) as ended:
        run(folder, *overrides)
    assert ended.value.code == 128 + signal.SIGTERM
    assert load_checkpoint(folder / "checkpoints/last.ckpt")["global_step"] == at


def state(folder: Path) -> dict[str, Any]:
    checkpoint = load_checkpoint(folder / "checkpoints/last.ckpt")
    keys = ("state_dict", "optimizer_states", "lr_schedulers", "epoch", "global_step", "FakeData")
    return {key: checkpoint[key] for key in keys}


def assert_equal_to_the_bit(ours: Any, theirs: Any, path: str = "") -> None:
    if isinstance(ours, torch.Tensor):
        assert torch.equal(ours, theirs), path
    elif isinstance(ours, dict):
        assert ours.keys() == theirs.keys(), path
        for key in ours:
            assert_equal_to_the_bit(ours[key], theirs[key], f"{path}.{key}")
    elif isinstance(ours, list | tuple):
        assert len(ours) == len(theirs), path
        for number, (our, their) in enumerate(zip(ours, theirs, strict=True)):
            assert_equal_to_the_bit(our, their, f"{path}[{number}]")
    else:
        assert ours == theirs, path


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uncut")
    run(folder, *STEPS)
    return folder


# in the middle of an epoch, at its end, at a validation, one after the other
@pytest.mark.parametrize("cuts", [(3,), (5,), (8,), (5, 10), (4, 5, 6, 12)], ids=str)
def test_a_run_cut_and_resumed_equals_an_uncut_one(
    uncut: Path, tmp_path: Path, cuts: tuple[int, ...]
) -> None:
    cut(tmp_path, cuts[0])
    for at in cuts[1:]:
        with pytest.raises(SystemExit):
            resume(tmp_path, f"+callbacks.signal.at={at}")
    resume(tmp_path, "+callbacks.signal=null")
    assert_equal_to_the_bit(state(tmp_path), state(uncut))


def test_a_run_cut_while_validating_resumes_exactly(uncut: Path, tmp_path: Path) -> None:
    cut(tmp_path, 8, "+callbacks.signal.validating=true")
    resume(tmp_path, "+callbacks.signal=null")
    assert_equal_to_the_bit(state(tmp_path), state(uncut))


def test_a_run_that_accumulates_gradients_is_cut_between_steps(tmp_path: Path) -> None:
    run(tmp_path / "uncut", *STEPS, "trainer.accumulate_grad_batches=2")
    cut(tmp_path / "cut", 7, "trainer.accumulate_grad_batches=2")
    resume(tmp_path / "cut", "+callbacks.signal=null")
    assert_equal_to_the_bit(state(tmp_path / "cut"), state(tmp_path / "uncut"))


def test_a_finished_run_resumed_equals_one_that_never_ended(tmp_path: Path) -> None:
    level = ("scheduler=constant", "scheduler.warmup_steps=2", "trainer.val_check_interval=4")
    run(tmp_path / "uncut", "trainer.max_steps=12", *level)
    run(tmp_path / "twice", "trainer.max_steps=7", *level)
    resume(tmp_path / "twice", "trainer.max_steps=12")
    assert_equal_to_the_bit(state(tmp_path / "twice"), state(tmp_path / "uncut"))


def test_validating_more_often_does_not_change_the_weights(uncut: Path, tmp_path: Path) -> None:
    run(tmp_path, *STEPS, "trainer.val_check_interval=1")
    assert_equal_to_the_bit(state(tmp_path)["state_dict"], state(uncut)["state_dict"])


def test_resuming_keeps_the_config_of_the_run(tmp_path: Path) -> None:
    run(tmp_path, *STEPS, "optimizer.lr=0.005", "trainer.max_steps=4")
    resume(tmp_path, "trainer.max_steps=6")
    config = load_checkpoint(tmp_path / "checkpoints/last.ckpt")["config"]
    assert config["optimizer"]["lr"] == 0.005
    assert config["trainer"]["max_steps"] == 6
    assert not (tmp_path / "previous-1").exists()


def test_resuming_a_run_of_an_older_version(tmp_path: Path) -> None:
    run(tmp_path, "trainer.max_steps=2")
    config = OmegaConf.load(tmp_path / "config.yaml")
    del config.train_only, config.trainer.compile
    OmegaConf.save(config, tmp_path / "config.yaml")
    resume(tmp_path, "trainer.max_steps=3")
    assert load_checkpoint(tmp_path / "checkpoints/last.ckpt")["global_step"] == 3


def test_a_run_that_ended_before_its_first_checkpoint_starts_again(
    uncut: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "config.yaml").write_bytes((uncut / "config.yaml").read_bytes())
    resume(tmp_path)
    assert "has no checkpoint yet: it starts again" in caplog.text
    assert_equal_to_the_bit(state(tmp_path), state(uncut))


def test_resuming_refuses_another_model(tmp_path: Path) -> None:
    run(tmp_path, "trainer.max_steps=2")
    overrides = (f"resume='{tmp_path}'", f"run_dir='{tmp_path}'", "model/size=tiny")
    config = compose_train("data=fake", *overrides)
    with pytest.raises(UserError, match="own model/size"):
        train(config, overrides)


def test_a_checkpoint_goes_on_in_a_new_folder(tmp_path: Path) -> None:
    run(tmp_path / "one", "trainer.max_steps=3")
    last = tmp_path / "one/checkpoints/last.ckpt"
    run(tmp_path / "two", "trainer.max_steps=5", f"ckpt_path='{last}'")
    assert load_run(tmp_path / "two/checkpoints/last.ckpt").step == 5
    assert load_run(last).step == 3


def test_a_checkpoint_of_other_speakers_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path / "one", "trainer.max_steps=1")
    path = tmp_path / "one/checkpoints/last.ckpt"
    checkpoint = load_checkpoint(path)
    checkpoint["facts"]["speakers"] = ["ann", "cy"]
    torch.save(checkpoint, path)
    with pytest.raises(CheckpointError, match=r"other speakers.*'cy'.*'bob'"):
        run(tmp_path / "two", "trainer.max_steps=2", f"ckpt_path='{path}'")
    checkpoint["facts"]["contract"]["hop"] = 128
    torch.save(checkpoint, path)
    with pytest.raises(UserError, match="hop: 128"):
        run(tmp_path / "two", "trainer.max_steps=2", f"ckpt_path='{path}'")


def test_a_new_run_in_a_used_folder_moves_the_old_one_aside(tmp_path: Path) -> None:
    run(tmp_path, "trainer.max_steps=2")
    for name in ("report.txt", "summary.json", "evaluation"):
        (tmp_path / name).touch()
    run(tmp_path, "trainer.max_steps=2")
    moved = ("checkpoints/last.ckpt", "report.txt", "summary.json", "evaluation")
    assert all((tmp_path / "previous-1" / name).is_file() for name in moved)
    assert not any((tmp_path / name).exists() for name in moved[2:])
    assert (tmp_path / "checkpoints/last.ckpt").is_file()


def test_the_metrics_include_the_best_monitored_value(tmp_path: Path) -> None:
    metrics = run(tmp_path, *STEPS)
    assert metrics["best/val/mel"] <= metrics["val/mel"]
    assert "train/learning_rate" in metrics


def test_a_checkpoint_is_plain_data_and_rebuilds_the_model(uncut: Path) -> None:
    loaded = load_run(uncut)  # weights_only
    assert loaded.path.name == "best.ckpt"
    assert loaded.config["model"]["_target_"] == "fakes.FakeModel"
    assert loaded.facts.speakers == ("ann", "bob")
    assert "project.weight" in loaded.weights


def test_a_missing_value_and_a_wrong_interval_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"optimizer\.lr has no value"):
        run(tmp_path, "optimizer.lr=???")
    with pytest.raises(UserError, match=r"val_check_interval=0\.5"):
        run(tmp_path, "trainer.val_check_interval=0.5")
    with pytest.raises(UserError, match=r"monitor=val/foo.*val/mel"):
        run(tmp_path, "monitor=val/foo")
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match="trainer: No supported gpu backend"):
            run(tmp_path, "trainer=gpu", "trainer.accelerator=gpu")


def test_the_precision_is_measured_once_and_saved(tmp_path: Path) -> None:
    run(tmp_path, "trainer.max_steps=1", "trainer.precision=auto")
    config = load_checkpoint(tmp_path / "checkpoints/last.ckpt")["config"]
    assert config["trainer"]["precision"] in ("32-true", "bf16-mixed")
    assert choose_precision("16-mixed", "cpu") == "16-mixed"


def test_fp16_on_a_cpu_is_said_to_be_bf16(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        run(tmp_path, "trainer.max_steps=1", "trainer.precision=16-mixed")
        resume(tmp_path, "trainer.max_steps=2")
    assert "needs a GPU: training in bf16-mixed on this CPU" in caplog.text
    assert " bf16-mixed on cpu, 1 steps" in caplog.text
    assert "going on from step 1, " in caplog.text


@pytest.mark.parametrize("more", ["seed=1", "callbacks.checkpoints=null"])
def test_weights_that_are_not_finite_end_the_run(tmp_path: Path, more: str) -> None:
    spoil = "+callbacks.spoil._target_=tests.test_train.Spoil"
    config = compose_train(*fake_overrides(tmp_path, "trainer.max_steps=1", more, spoil))
    with pytest.raises(UserError, match=r"step 1: the weights of model\.project\.bias are NaN"):
        train(config)
    assert not list(tmp_path.glob("checkpoints/*.ckpt"))


class Spoil(pl.Callback):
    """Makes a weight infinite after the first step."""

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        module.model.project.bias.data[0] = float("inf")


def start(folder: Path, *overrides: str) -> Command:
    """train.py as a user starts it."""
    keep = [o for o in fake_overrides(folder) if not o.startswith("run_dir")]
    return Command("train.py", "--config-dir", str(FAKES), *overrides, *keep, cwd=folder)


def test_jobs_of_one_process_are_independent_and_a_signal_saves_and_ends_cleanly(
    tmp_path: Path,
) -> None:
    # one process for both checks, because importing torch and Lightning takes seconds
    level = ("scheduler=constant", "seed=2")
    process = start(
        tmp_path, "-m", *level, "name=sweep", "trainer.max_steps=3,1000000",
        "callbacks.checkpoints.every_n_steps=10", "callbacks.checkpoints.keep_every_n_steps=10",
    )  # fmt: skip
    second = "outputs/sweep/*_multirun/1_*/checkpoints/step-0000010.ckpt"
    end = time.monotonic() + 240
    while not (kept := list(tmp_path.glob(second))):
        assert process.poll() is None, process.done().stderr
        assert time.monotonic() < end, "no checkpoint appeared"
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    done = process.done(timeout=200)
    errors = done.stderr
    assert done.returncode == 128 + signal.SIGTERM, errors
    assert "Traceback" not in errors
    step = load_checkpoint(kept[0].with_name("last.ckpt"))["global_step"]
    assert f"at step {step}; to go on: resume=" in errors
    assert not list(kept[0].parent.glob(".*")), "a temporary file was left"
    [first] = tmp_path.glob("outputs/sweep/*_multirun/0_*max_steps=3*")
    assert load_checkpoint(first / "checkpoints/last.ckpt")["global_step"] == 3

    run(tmp_path / "alone", "trainer.max_steps=10", *level)
    ours = load_checkpoint(kept[0])["state_dict"]
    assert_equal_to_the_bit(ours, state(tmp_path / "alone")["state_dict"])


def test_ctrl_c_saves_and_ends_cleanly(tmp_path: Path) -> None:
    keys = (("_target_", "fakes.SendSignal"), ("at", 3), ("signum", int(signal.SIGINT)))
    former = signal.getsignal(signal.SIGINT)
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, *STEPS, *(f"+callbacks.signal.{key}={value}" for key, value in keys))
    assert ended.value.code == 130
    assert load_checkpoint(tmp_path / "checkpoints/last.ckpt")["global_step"] == 3
    assert signal.getsignal(signal.SIGINT) == former


def test_the_best_score_survives_a_resume(tmp_path: Path) -> None:
    run(tmp_path, "trainer.max_steps=4", "trainer.val_check_interval=2")
    best = load_checkpoint(tmp_path / "checkpoints/best.ckpt")["callbacks"][
        Checkpoints.__qualname__
    ]
    ruined = ("trainer.max_steps=6", "optimizer.lr=10.0", "scheduler.warmup_steps=0")
    assert resume(tmp_path, *ruined)["val/mel"] > best["best_score"]
    again = load_checkpoint(tmp_path / "checkpoints/best.ckpt")
    assert again["global_step"] == 4


def test_resuming_takes_the_optimizer_hyperparameters_from_the_config(tmp_path: Path) -> None:
    run(tmp_path, "trainer.max_steps=4", "scheduler=constant", "scheduler.warmup_steps=0")
    metrics = resume(tmp_path, "trainer.max_steps=5", "optimizer.lr=0.0001")
    assert metrics["train/learning_rate"] == pytest.approx(1e-4)
