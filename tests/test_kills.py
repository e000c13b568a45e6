"""Runs killed at random moments and resumed: they equal an uninterrupted run to the bit.

``python -m tests.stress`` kills at length.
"""

import random
import signal
import time
from pathlib import Path

import pytest
from fakes import FAKES, fake_overrides
from processes import Command, command
from test_ddp import KEYS
from test_train import assert_equal_to_the_bit, resume, run, state

from tts.checkpoint import CheckpointError, load_checkpoint
from tts.training.resume import resume_point

STEPS = ("trainer.max_steps=200", "trainer.val_check_interval=25", "scheduler=cosine_restarts")
OFTEN = ("callbacks=[default,ema]", "callbacks.checkpoints.every_n_steps=3")


def kill_and_resume(
    words: list[str], again: list[str], folder: Path, kills: int, duration: float
) -> None:
    """Run the training ``words``, kill it at random moments, resume it by ``again`` to its end.

    ``duration``: seconds of an uninterrupted run on this machine. The time between a start and its
    kill is a small share of them, so that the training does not end before the last kill.
    """
    chance = random.Random(1)
    last = folder / "checkpoints/last.ckpt"
    for _ in range(kills):
        running = Command(*words)
        before = last.stat().st_mtime_ns if last.exists() else 0
        # in the steps and checkpoints that follow the first new one
        while running.poll() is None and (not last.exists() or last.stat().st_mtime_ns == before):
            time.sleep(0.002)
        time.sleep(chance.random() * min(0.05, duration / (3 * kills)))
        assert running.poll() is None, running.done().stderr
        running.send_signal(signal.SIGKILL)
        ended = running.done()
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        words = again
    command(*again)
    assert not list(last.parent.glob(".*")), "temporary files of killed writers are removed"


def test_a_run_killed_three_times_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    intact, killed = tmp_path / "intact", tmp_path / "killed"
    began = time.monotonic()
    run(intact, *STEPS, *OFTEN)
    took = time.monotonic() - began
    fakes = ["train.py", "--config-dir", str(FAKES)]
    kill_and_resume(
        [*fakes, *fake_overrides(killed, *STEPS, *OFTEN)],
        [*fakes, "trust=fakes", f"resume={killed}"],
        killed,
        kills=3,
        duration=took,
    )
    assert_equal_to_the_bit(state(killed), state(intact))


def test_a_killed_vocoder_training_with_discriminators_resumes_exactly(
    tmp_path: Path, prepared: Path
) -> None:
    intact, killed = tmp_path / "intact", tmp_path / "killed"
    words = [
        "train.py", "model=vocos", "model/size=tiny", "trainer=cpu", "trainer.precision=32-true",
        "data.limit=24", f"data.prepared_dir={prepared}", "data.workers=1",
        "data.clips.frames=16", "data.clips.per_batch=2", "data.clips.validation_clips=2",
        "trainer.val_check_interval=6", "trainer.max_steps=12", "logger=none",
        "callbacks.checkpoints.every_n_steps=1", "system.adversarial_from_step=2",
        "callbacks.samples=null", "callbacks.metric_history=null",
    ]  # fmt: skip
    began = time.monotonic()
    command(*words, f"hydra.run.dir={intact}")
    took = time.monotonic() - began
    kill_and_resume(
        [*words, f"hydra.run.dir={killed}"], ["train.py", f"resume={killed}"], killed, 2, took
    )
    ours, theirs = (load_checkpoint(each / "checkpoints/last.ckpt") for each in (killed, intact))
    assert len(ours["optimizer_states"]) == 2
    assert_equal_to_the_bit(*({key: each[key] for key in KEYS} for each in (ours, theirs)))


def test_a_truncated_last_falls_back_to_the_one_before(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run(
        tmp_path,
        "trainer.max_steps=9",
        "trainer.val_check_interval=6",
        "callbacks.checkpoints.every_n_steps=4",
    )
    last, previous = (tmp_path / f"checkpoints/{name}.ckpt" for name in ("last", "previous"))
    assert load_checkpoint(last)["global_step"] == 9
    assert load_checkpoint(previous)["global_step"] == 8
    assert resume_point(tmp_path) == last
    (tmp_path / "checkpoints/best.ckpt").unlink()  # of the last step, too
    last.write_bytes(last.read_bytes()[:-100])
    assert resume_point(tmp_path) == previous
    assert f"{last} is truncated or damaged" in caplog.text
    assert f"going on from {previous}, step 8" in caplog.text
    resume(tmp_path, "trainer.max_steps=10", "callbacks.checkpoints.every_n_steps=1")
    assert load_checkpoint(last)["global_step"] == 10
    assert load_checkpoint(previous)["global_step"] == 9, (
        "a damaged checkpoint replaces no intact one"
    )
    (tmp_path / "checkpoints/best.ckpt").unlink()
    damaged = bytearray(last.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    last.write_bytes(damaged)
    assert resume_point(tmp_path) == previous
    for path in last.parent.iterdir():
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="truncated"):
        resume_point(tmp_path)
