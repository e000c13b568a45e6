"""Data-parallel training of two processes, and sweeps of such trainings."""

import csv
import signal
import time
from pathlib import Path

import pytest
from fakes import FAKES, fake_overrides
from processes import ROOT, Command, command, start_ranks
from processes import ranks as together
from test_train import assert_equal_to_the_bit

from tts.checkpoint import load_checkpoint

KEYS = ("state_dict", "optimizer_states", "lr_schedulers", "epoch", "global_step")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ddp")


def words(base: Path, folder: str, trainer: str, *more: str) -> list[str]:
    return [
        "train.py", "model/size=tiny", "data.limit=24", "data.prepare.validation_share=0.25",
        f"data.prepared_dir={base}/prepared",
        "data.workers=1", "data.frames_per_batch=1500", f"hydra.run.dir={base}/{folder}",
        "trainer.precision=32-true", "trainer.val_check_interval=4", "trainer.max_steps=8",
        "callbacks=[default,ema]", "callbacks.checkpoints.every_n_steps=1", "optimizer.lr=2e-3",
        "callbacks.samples=null", "callbacks.validation_metrics=null", "scheduler=constant",
        "callbacks.metric_history=null",
        "logger=none", f"trainer={trainer}", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def two(base: Path) -> Path:
    # both ranks start with an unprepared corpus
    together(*words(base, "two", "ddp_cpu"))
    return base / "two"


def best_score(run: Path) -> float:
    callbacks = load_checkpoint(run / "checkpoints/best.ckpt")["callbacks"]
    return next(state["best_score"] for state in callbacks.values() if "best_score" in state)


def test_two_processes_equal_one_that_accumulates_two_batches(base: Path, two: Path) -> None:
    command(*words(base, "one", "cpu", "trainer.accumulate_grad_batches=2"))
    one_score, two_score = (best_score(folder) for folder in (base / "one", two))
    assert two_score == pytest.approx(one_score, rel=0.05)


def test_two_processes_killed_and_resumed_equal_two_uninterrupted(base: Path, two: Path) -> None:
    running = start_ranks(*words(base, "killed", "ddp_cpu"))
    last = base / "killed/checkpoints/previous.ckpt"  # there have been two checkpoints
    end = time.monotonic() + 120
    while not last.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    for each in running:
        each.send_signal(signal.SIGKILL)
        each.done()
    stopped = load_checkpoint(base / "killed/checkpoints/last.ckpt")["global_step"]
    assert 0 < stopped < 8
    together("train.py", f"resume={base}/killed")
    ours, theirs = (load_checkpoint(f / "checkpoints/last.ckpt") for f in (base / "killed", two))
    assert_equal_to_the_bit({k: ours[k] for k in KEYS}, {k: theirs[k] for k in KEYS})


def test_each_job_of_a_sweep_has_one_folder(tmp_path: Path) -> None:
    keep = [o for o in fake_overrides(tmp_path) if not o.startswith(("run_dir", "trainer="))]
    done = Command(
        "train.py", "--config-dir", str(FAKES), "-m", *keep, "trainer=ddp_cpu", "name=sweep",
        "optimizer.lr=0.01,0.001", "trainer.max_steps=4", cwd=tmp_path,
        PYTHONPATH=f"{FAKES.parent}:{ROOT / 'src'}",  # the second process is started anew
    ).done()  # fmt: skip
    assert done.returncode == 0, done.stderr
    [sweep] = tmp_path.glob("outputs/*/*")
    rows = list(csv.DictReader((sweep / "comparison.csv").read_text().splitlines()))
    assert [row["status"] for row in rows] == ["done", "done"]
    jobs = sorted(path for path in sweep.iterdir() if (path / "config.yaml").is_file())
    assert len(jobs) == 2
    first, second = (load_checkpoint(job / "checkpoints/last.ckpt") for job in jobs)
    assert first["global_step"] == second["global_step"] == 4
    assert (jobs[0] / "summary.json").stat().st_mtime <= (jobs[1] / "config.yaml").stat().st_mtime
