"""Sharded training: all ranks skip a bad step together; missing DeepSpeed and versions."""

from importlib.metadata import version
from pathlib import Path

import pytest
from fakes import FAKES, fake_overrides
from processes import command, ranks, start_ranks
from test_train import assert_equal_to_the_bit

from tts.checkpoint import load_checkpoint
from tts.errors import UserError
from tts.strategies.private_api import TESTED, check_versions
from tts.strategies.zero import ZeROStrategy

CORRUPT = (
    "+callbacks.corrupt={{_target_: tests.callbacks.test_bad_steps.CorruptBatch, at: {0}, {1}}}"
)
CORES = ("trainer.accelerator=cpu", "trainer.devices=2")


def fake(folder: Path, trainer: str, *more: str) -> list[str]:
    """Return the command of a training with a fake model and corpus."""
    if "deepspeed" in trainer:
        pytest.importorskip("deepspeed", reason="DeepSpeed is not installed (--extra deepspeed)")
    keep = [o for o in fake_overrides(folder) if not o.startswith("trainer=")]
    return ["train.py", "--config-dir", str(FAKES), *keep, f"trainer={trainer}", *CORES,
            "callbacks.samples=null", "callbacks.validation_metrics=null", "trainer.max_steps=54",
            "trainer.val_check_interval=54", *more]  # fmt: skip


@pytest.mark.parametrize("trainer", ["fsdp", "deepspeed_zero2"])
def test_a_nan_loss_is_skipped_by_all_ranks_and_bundled(tmp_path: Path, trainer: str) -> None:
    corrupt = CORRUPT.format(3, "value: nan, times: 9")
    words = fake(tmp_path, trainer, corrupt, "callbacks.bad_steps.max_skipped=2")
    ended = [each.done() for each in start_ranks(*words)]
    assert [done.returncode for done in ended] == [2, 2]
    assert "were skipped" in ended[0].stderr
    first, second = (tmp_path / "failures" / f"step-000000{n}-rank0.pt" for n in (3, 4))
    # no weight changed between the two
    weights = [load_checkpoint(path)["state_dict"] for path in (first, second)]
    assert_equal_to_the_bit(*weights)
    assert (
        "the batch itself: mel"
        in command("-m", "tts", "replay", str(first), "--trust=fakes").stdout
    )


@pytest.mark.parametrize("trainer", ["fsdp", "deepspeed_zero1", "deepspeed_zero3"])
def test_a_step_with_an_outlier_loss_changes_neither_weights_nor_optimizer(
    tmp_path: Path, trainer: str
) -> None:
    corrupt = CORRUPT.format(51, "value: 1.0e+6")
    ranks(*fake(tmp_path, trainer, corrupt, "callbacks.checkpoints.keep_every_n_steps=1"))
    assert list((tmp_path / "failures").glob("step-0000051*.pt"))
    paths = [tmp_path / "checkpoints" / f"step-00000{step}.ckpt" for step in (51, 52, 53)]
    before, after, last = map(load_checkpoint, paths)
    assert_equal_to_the_bit(after["state_dict"], before["state_dict"])
    states = [each["optimizer_states"][0]["state"] for each in (before, after, last)]
    assert_equal_to_the_bit(states[1], states[0])
    assert [int(state[0]["step"]) for state in states] == [51, 51, 52]


def test_missing_deepspeed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tts.strategies.zero.find_spec", lambda name: None)
    with pytest.raises(UserError, match="--extra deepspeed`, or use trainer=fsdp"):
        ZeROStrategy(stage=2)


def test_an_untested_release_is_warned_about(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    installed = {"deepspeed": "0.20.1", "lightning": f"{TESTED['lightning']}.3"}
    monkeypatch.setattr("tts.strategies.private_api.version", installed.__getitem__)
    check_versions("trainer=deepspeed_zero2", *installed)
    [record] = caplog.records
    expected = f"private parts of deepspeed: installed 0.20.1, tested with {TESTED['deepspeed']}.*"
    assert expected in record.getMessage()


@pytest.mark.parametrize("package", TESTED)
def test_the_tested_release_is_the_installed_one(package: str) -> None:
    pytest.importorskip(package)
    assert version(package).startswith(TESTED[package] + ".")
