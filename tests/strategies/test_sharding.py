"""Sharded training: same weights and checkpoints as DDP, resume across strategies."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes import composed
from omegaconf import OmegaConf
from processes import command, ranks
from test_ddp import KEYS, words
from test_train import assert_equal_to_the_bit

from tts.checkpoint import load_checkpoint
from tts.errors import UserError
from tts.training.run import train

STRATEGIES = ("fsdp", "deepspeed_zero3")
CORES = ("trainer.accelerator=cpu", "trainer.devices=2")
LAST = "checkpoints/last.ckpt"


CUT = "checkpoints/step-0000002.ckpt"  # half of the run
WATCHING = ("samples", "validation_metrics", "gradient_monitor")
# than mcd; those with neural networks are slow
OTHER_MEASURES = (
    "wer", "dnsmos_p808", "dnsmos_ovrl", "similarity", "f0_rmse", "f0_std", "global_variance",
    "duration_error",
)  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    folder = tmp_path_factory.mktemp("sharding")
    (folder / "prepared").symlink_to(prepared)
    return folder


def short(base: Path, folder: str, trainer: str, *more: str) -> list[str]:
    return words(
        base, folder, trainer, "trainer.max_steps=4", "size.encoder_depth=1",
        "size.decoder_depth=1", "callbacks=default", "callbacks.checkpoints.every_n_steps=2",
        "callbacks.checkpoints.keep_every_n_steps=2", "callbacks.samples=null",
        "callbacks.validation_metrics=null", *more,
    )  # fmt: skip


def sharded(base: Path, folder: str, trainer: str, *more: str) -> list[str]:
    if "deepspeed" in trainer:
        pytest.importorskip("deepspeed", reason="DeepSpeed is not installed (--extra deepspeed)")
    return short(base, folder, trainer, *CORES, *more)


@pytest.fixture(scope="module")
def plain(base: Path) -> dict[str, Any]:
    ranks(*short(base, "ddp", "ddp_cpu"))
    return load_checkpoint(base / "ddp" / LAST)


def cut(run: Path, to: Path) -> Path:
    """Copy a run to ``to`` as it was after two steps."""
    shutil.copytree(run, to, ignore=shutil.ignore_patterns("*.ckpt"))
    shutil.copy(run / CUT, to / LAST)
    return to


def assert_close(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Equal up to the rounding of another order of summation, and in the same format."""
    assert found["global_step"] == expected["global_step"]
    assert found["state_dict"].keys() == expected["state_dict"].keys()
    for name, weight in expected["state_dict"].items():
        torch.testing.assert_close(found["state_dict"][name], weight, atol=2e-4, rtol=1e-3)
    [ours], [theirs] = found["optimizer_states"], expected["optimizer_states"]
    assert ours["param_groups"] == theirs["param_groups"]
    assert ours["state"].keys() == theirs["state"].keys()
    names = theirs["state"][0]
    largest = {n: max(float(state[n].norm()) for state in theirs["state"].values()) for n in names}
    for number, state in theirs["state"].items():
        assert ours["state"][number].keys() == state.keys()
        for name, value in state.items():
            error = float((ours["state"][number][name] - value).norm())
            assert error <= 0.02 * float(value.norm()) + 1e-5 * largest[name], (number, name)


@pytest.mark.parametrize("trainer", STRATEGIES)
def test_weights_and_checkpoints_equal_those_of_ddp(
    base: Path, plain: dict[str, Any], trainer: str
) -> None:
    # with callbacks that read weights and gradients, and that synthesize
    watched = [
        "callbacks=[default,gradient_monitor]", "callbacks.gradient_monitor.every_n_steps=2",
        "logger=tensorboard", "callbacks.gradient_monitor.histograms=true",
    ]  # fmt: skip
    quiet = {"logger=none", "callbacks=default"}
    if trainer != "fsdp":
        quick = "_target_=tts.vocoders.griffin_lim.GriffinLim"
        watched += [
            "callbacks.validation_metrics.count=3", "callbacks.samples.count=1",
            *(f"callbacks.validation_metrics.measures.{name}=null" for name in OTHER_MEASURES),
            f"callbacks.samples.vocoder.{quick}", f"callbacks.validation_metrics.vocoder.{quick}",
        ]  # fmt: skip
        quiet |= {"callbacks.samples=null", "callbacks.validation_metrics=null"}
    ranks(*(word for word in sharded(base, trainer, trainer) if word not in quiet), *watched)
    assert_close(load_checkpoint(base / trainer / LAST), plain)


@pytest.mark.parametrize("trainer", STRATEGIES)
def test_a_resumed_run_equals_an_uninterrupted_one(
    base: Path, plain: dict[str, Any], trainer: str
) -> None:
    if not (base / trainer / LAST).is_file():
        ranks(*sharded(base, trainer, trainer))
    folder = cut(base / trainer, base / f"{trainer}-cut")
    assert load_checkpoint(folder / LAST)["global_step"] == 2
    # those that watch change nothing, and the uncut run has them
    present = [
        name for name in WATCHING if name in OmegaConf.load(folder / "config.yaml").callbacks
    ]
    without = [f"callbacks.{name}=null" for name in present]
    ranks("train.py", f"resume={folder}", "logger=none", *without)
    resumed, uncut = (load_checkpoint(each / LAST) for each in (folder, base / trainer))
    assert_equal_to_the_bit({k: resumed[k] for k in KEYS}, {k: uncut[k] for k in KEYS})


def test_a_run_resumes_with_another_strategy(base: Path, plain: dict[str, Any]) -> None:
    sharded(base, "", "deepspeed_zero2")
    if not (base / "fsdp" / LAST).is_file():
        ranks(*sharded(base, "fsdp", "fsdp"))
    folder = cut(base / "fsdp", base / "fsdp-other")
    ranks("train.py", f"resume={folder}", "trainer=deepspeed_zero2", *CORES,
          "trainer.max_steps=3", "trainer.precision=32-true")  # fmt: skip
    ranks("train.py", f"resume={folder}", "trainer=ddp_cpu", "trainer.max_steps=4",
          "trainer.precision=32-true")  # fmt: skip
    assert_close(load_checkpoint(folder / LAST), plain)


@pytest.mark.parametrize("trainer", ["fsdp", "deepspeed_zero2"])
def test_one_device_a_flow_decoder_and_bf16(base: Path, trainer: str) -> None:
    overrides = [
        "trainer.devices=1", "trainer.precision=bf16-mixed", "model/flow=residual",
        "model/adaptor=flow", "trainer.max_steps=2", "data.limit=8",
    ]  # fmt: skip
    command(*sharded(base, f"{trainer}-alone", trainer, *overrides))
    state = load_checkpoint(base / f"{trainer}-alone" / LAST)["state_dict"]
    assert all(torch.isfinite(value).all() for value in state.values())
    assert state["model.flow.seen"] == 2


def test_unsupported_options_are_rejected_by_name(base: Path) -> None:
    for trainer, more, message in (
        ("fsdp", ["callbacks=[default,ema]"], "cannot average sharded weights (callbacks/ema)"),
        (
            "fsdp",
            ["discriminator=mel_patches"],
            "trainer=fsdp shards a training with one optimizer",
        ),
        ("fsdp", ["model/balance=gradnorm"], "model/balance adapts loss weights by gradients"),
        ("deepspeed_zero1", ["trainer.accumulate_grad_batches=2"], "must be 1"),
    ):
        words = sharded(base, "refused", trainer, "trainer.devices=1", *more)[1:]
        words = [word.replace("hydra.run.dir", "run_dir") for word in words]
        with pytest.raises(UserError, match=re.escape(message)):
            train(composed("train", *words))
