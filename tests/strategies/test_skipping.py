"""A step that would do harm is taken by none of the processes that share a model."""

from pathlib import Path

import pytest
from fakes import FAKES, fake_overrides
from processes import command, start_ranks
from processes import ranks as together
from test_train import assert_equal_to_the_bit

from tts.checkpoint import load_checkpoint
from tts.errors import UserError
from tts.strategies.zero import ZeROStrategy

SPOIL = "+callbacks.spoil={{_target_: tests.callbacks.test_bad_steps.Spoil, at: {0}, {1}}}"
CORES = ("trainer.accelerator=cpu", "trainer.devices=2")


def fake(folder: Path, way: str, *more: str) -> list[str]:
    """Of a model and a corpus that take no time."""
    if "deepspeed" in way:
        pytest.importorskip("deepspeed", reason="DeepSpeed is not installed (--extra deepspeed)")
    keep = [o for o in fake_overrides(folder) if not o.startswith("trainer=")]
    return ["train.py", "--config-dir", str(FAKES), *keep, f"trainer={way}", *CORES,
            "callbacks.samples=null", "callbacks.validation_metrics=null", "trainer.max_steps=63",
            "trainer.val_check_interval=63", *more]  # fmt: skip


@pytest.mark.parametrize("way", ["fsdp", "deepspeed_zero2"])
def test_steps_without_a_number_are_skipped_by_all_and_kept(tmp_path: Path, way: str) -> None:
    spoil = SPOIL.format(3, "value: nan, times: 9")
    told = [
        each.done()
        for each in start_ranks(*fake(tmp_path, way, spoil, "callbacks.bad_steps.limit=2"))
    ]
    assert [done.returncode for done in told] == [2, 2]
    assert "were skipped" in told[0].stderr
    first, second = (tmp_path / "failures" / f"step-000000{n}-rank0.pt" for n in (3, 4))
    # nothing moved between the two
    weights = [load_checkpoint(path)["state_dict"] for path in (first, second)]
    assert_equal_to_the_bit(*weights)
    assert "the batch itself: mel" in command("-m", "tts", "replay", str(first)).stdout


@pytest.mark.parametrize("way", ["fsdp", "deepspeed_zero1", "deepspeed_zero3"])
def test_a_loss_out_of_all_proportion_moves_nothing(tmp_path: Path, way: str) -> None:
    spoil = SPOIL.format(60, "value: 1.0e+6")
    together(*fake(tmp_path, way, spoil, "callbacks.checkpoints.keep_every_n_steps=1"))
    assert list((tmp_path / "failures").glob("step-0000060*.pt"))
    kept = [tmp_path / "checkpoints" / f"step-00000{step}.ckpt" for step in (60, 61, 62)]
    before, after, last = map(load_checkpoint, kept)
    assert_equal_to_the_bit(after["state_dict"], before["state_dict"])
    states = [each["optimizer_states"][0]["state"] for each in (before, after, last)]
    assert_equal_to_the_bit(states[1], states[0])
    assert [int(state[0]["step"]) for state in states] == [60, 60, 61]


def test_deepspeed_that_is_not_there_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tts.strategies.zero.find_spec", lambda name: None)
    with pytest.raises(UserError, match="--extra deepspeed, or trainer=fsdp"):
        ZeROStrategy(stage=2)
