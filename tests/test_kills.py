"""A run killed at any moment, however often, ends where a run never killed does, to the bit."""

import random
import signal
import time
from pathlib import Path

import pytest
from fakes import FAKES, fake_overrides
from processes import Command
from test_train import assert_equal_to_the_bit, resume, run, state

from tts.checkpoint import CheckpointError, load_checkpoint
from tts.commands.resume import resume_point

STEPS = ("trainer.max_steps=300", "trainer.val_check_interval=50", "scheduler=cosine_restarts")
OFTEN = ("callbacks=[default,ema]", "callbacks.checkpoints.every_n_steps=3")
KILLS = 20


def test_twenty_kills_at_random_moments_change_nothing(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(whole, *STEPS, *OFTEN)
    chance = random.Random(1)
    words = ["train.py", "--config-dir", str(FAKES), *fake_overrides(killed, *STEPS, *OFTEN)]
    last = killed / "checkpoints/last.ckpt"
    kills = 0
    while kills < KILLS:
        running = Command(*words)
        before = last.stat().st_mtime_ns if last.exists() else 0
        # somewhere in the steps and checkpoints that follow the first new one
        while running.poll() is None and (not last.exists() or last.stat().st_mtime_ns == before):
            time.sleep(0.01)
        time.sleep(chance.random() * 0.1)
        assert running.poll() is None, running.done().stderr
        running.send_signal(signal.SIGKILL)
        ended = running.done()
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        kills += 1
        words = ["train.py", "--config-dir", str(FAKES), f"resume={killed}"]
    assert load_checkpoint(last)["global_step"] < 300, "nothing was left to kill"
    Command(*words).done()
    assert_equal_to_the_bit(state(killed), state(whole))
    assert not list(last.parent.glob(".*")), "what a killed writer left is swept"


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
    last.write_bytes(last.read_bytes()[:-100])
    assert resume_point(tmp_path) == previous
    assert f"{last} is truncated or damaged" in caplog.text
    assert f"going on from {previous}, step 8" in caplog.text
    resume(tmp_path, "trainer.max_steps=10", "callbacks.checkpoints.every_n_steps=1")
    assert load_checkpoint(last)["global_step"] == 10
    assert load_checkpoint(previous)["global_step"] == 9, (
        "the damaged one takes no good one's place"
    )
    damaged = bytearray(last.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    last.write_bytes(damaged)
    assert resume_point(tmp_path) == previous
    for path in last.parent.iterdir():
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="truncated"):
        resume_point(tmp_path)
