"""Processes that split a training's weights among them learn what processes learn that do not."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from processes import command
from processes import ranks as together
from test_ddp import KEYS, words
from test_train import assert_equal_to_the_bit

from tts.checkpoint import load_checkpoint

WAYS = ("fsdp", "deepspeed_zero3")
CORES = ("trainer.accelerator=cpu", "trainer.devices=2")
LAST = "checkpoints/last.ckpt"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("splitting")


def short(base: Path, folder: str, trainer: str, *more: str) -> list[str]:
    return words(base, folder, trainer, "trainer.max_steps=6", "callbacks=default",
                 "callbacks.samples=null", "callbacks.validation_metrics=null", *more)  # fmt: skip


def split(base: Path, folder: str, trainer: str, *more: str) -> list[str]:
    if "deepspeed" in trainer:
        pytest.importorskip("deepspeed", reason="DeepSpeed is not installed (--extra deepspeed)")
    return short(base, folder, trainer, *CORES, *more)


@pytest.fixture(scope="module")
def plain(base: Path) -> dict[str, Any]:
    together(*short(base, "ddp", "ddp_cpu"))
    return load_checkpoint(base / "ddp" / LAST)


def assert_alike(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Within what another order of adding leaves, in the same form."""
    assert ours["global_step"] == theirs["global_step"]
    assert ours["state_dict"].keys() == theirs["state_dict"].keys()
    for name, weight in theirs["state_dict"].items():
        torch.testing.assert_close(ours["state_dict"][name], weight, atol=2e-4, rtol=1e-3)
    [mine], [other] = ours["optimizer_states"], theirs["optimizer_states"]
    assert mine["param_groups"] == other["param_groups"]
    assert mine["state"].keys() == other["state"].keys()
    kinds = other["state"][0]
    largest = {k: max(float(held[k].norm()) for held in other["state"].values()) for k in kinds}
    for number, held in other["state"].items():
        assert mine["state"][number].keys() == held.keys()
        for name, value in held.items():
            away = float((mine["state"][number][name] - value).norm())
            assert away <= 0.02 * float(value.norm()) + 1e-5 * largest[name], (number, name)


@pytest.mark.parametrize("way", WAYS)
def test_they_learn_the_same_and_leave_the_same_file(
    base: Path, plain: dict[str, Any], way: str
) -> None:
    # with what looks at weights and gradients, and what speaks, on the way
    watched = [
        "callbacks=[default,gradient_monitor]", "callbacks.gradient_monitor.every_n_steps=2",
        "logger=tensorboard", "callbacks.gradient_monitor.histograms=true",
    ]  # fmt: skip
    quiet = {"logger=none", "callbacks=default"}
    if way != "fsdp":
        slow = ("wer", "dnsmos_p808", "dnsmos_ovrl", "similarity")
        watched += [
            "callbacks.validation_metrics.every_n_validations=1", "callbacks.validation_metrics.count=3",
            "callbacks.samples.every_n_validations=1",
            *(f"~callbacks.validation_metrics.measures.{name}" for name in slow),
        ]  # fmt: skip
        quiet |= {"callbacks.samples=null", "callbacks.validation_metrics=null"}
    together(*(word for word in split(base, way, way) if word not in quiet), *watched)
    assert_alike(load_checkpoint(base / way / LAST), plain)


@pytest.mark.parametrize("way", ["fsdp", "deepspeed_zero3"])
def test_cut_and_resumed_they_equal_a_run_never_cut(
    base: Path, plain: dict[str, Any], way: str
) -> None:
    if not (base / way / LAST).is_file():
        together(*split(base, way, way))
    together(*split(base, f"{way}-cut", way, "trainer.max_steps=3"))
    shutil.copytree(base / f"{way}-cut", base / f"{way}-other")
    together("train.py", f"resume={base}/{way}-cut", "trainer.max_steps=6")
    ours, theirs = (load_checkpoint(base / name / LAST) for name in (f"{way}-cut", way))
    assert_equal_to_the_bit({k: ours[k] for k in KEYS}, {k: theirs[k] for k in KEYS})


def test_a_run_goes_on_in_whichever_way(base: Path, plain: dict[str, Any]) -> None:
    left = base / "fsdp-other"  # at its third step
    if not left.is_dir():
        together(*split(base, "fsdp-other", "fsdp", "trainer.max_steps=3"))
    split(base, "", "deepspeed_zero2")
    together("train.py", f"resume={left}", "trainer=deepspeed_zero2", *CORES,
             "trainer.max_steps=5", "trainer.precision=32-true")  # fmt: skip
    together("train.py", f"resume={left}", "trainer=ddp_cpu", "trainer.max_steps=6",
             "trainer.precision=32-true")  # fmt: skip
    assert_alike(load_checkpoint(left / LAST), plain)


@pytest.mark.parametrize("way", ["fsdp", "deepspeed_zero2"])
def test_alone_drawing_and_in_sixteen_bits(base: Path, way: str) -> None:
    command(*split(base, f"{way}-alone", way, "trainer.devices=1", "trainer.precision=bf16-mixed",
                   "model/flow=residual", "model/adaptor=flow", "trainer.max_steps=2",
                   "data.limit=8", f"data.prepared_dir={base}/few"))  # fmt: skip
    state = load_checkpoint(base / f"{way}-alone" / LAST)["state_dict"]
    assert all(torch.isfinite(value).all() for value in state.values())
    assert state["model.flow.seen"] == 2


def test_what_cannot_be_split_is_refused_by_name(base: Path) -> None:
    for trainer, more, said in (
        ("fsdp", ["callbacks=[default,ema]"], "trainer=fsdp and callbacks/ema"),
        ("fsdp", ["discriminator=mel_patches"], "trainer=fsdp splits what one optimizer trains"),
        ("fsdp", ["model/balance=gradnorm"], "model/balance weighs losses by gradients"),
        ("deepspeed_zero1", ["trainer.accumulate_grad_batches=2"], "must be 1"),
    ):
        own = split(base, "refused", trainer, "trainer.devices=1", *more)
        assert said in command(*own, code=2).stderr
