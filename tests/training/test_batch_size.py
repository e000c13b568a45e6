"""Batch size search: trials, memory meters, and the training that follows."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from fakes import FACTS, FakeData, FakeMelLoss, FakeModel, FakeOutput, compose_train, fake_overrides

from tts.batch import Batch
from tts.checkpoint import load_checkpoint
from tts.errors import UserError
from tts.losses.weighted import WeightedLoss
from tts.optim.optimization import Optimization
from tts.optim.schedules import constant
from tts.systems.acoustic import AcousticSystem
from tts.training.batch_size import LargestBatch, RamMeter, attempt, hardest, largest, meter_of
from tts.training.run import train

KIB_PER_FRAME = 16
LENGTHS = [200 + 4 * n for n in range(50)]  # frames: 200 to 396


class Speech:
    """Dataset of silent utterances with ``LENGTHS`` frames."""

    frame_lengths = np.array(LENGTHS)
    rows = tuple(SimpleNamespace(id=f"u{n}") for n in range(len(LENGTHS)))

    def __len__(self) -> int:
        return len(LENGTHS)

    def row(self, index: int) -> Any:
        return self.rows[index]

    def __getitem__(self, rows: Sequence[int]) -> Batch:
        lengths = torch.tensor([LENGTHS[row] for row in rows])
        ones = torch.ones(len(rows), 4, dtype=torch.long)
        mel = torch.zeros(len(rows), int(lengths.max()), FACTS.contract.bands)
        return Batch(
            ones, ones.sum(1), lengths, mel, speaker=ones[:, 0], utterance=torch.tensor(rows)
        )


class TunedData(FakeData):
    """Datamodule with what tune=batch reads; it trains on the batches of FakeData."""

    clips, seed = None, 1

    def __init__(self, batches: int = 5, frames_per_batch: int = 0) -> None:
        super().__init__(batches)
        self.frames_per_batch = frames_per_batch

    def dataset(self, split: str) -> Speech:
        return Speech()


class MemoryHungryModel(FakeModel):
    """Model that keeps ``KIB_PER_FRAME`` for its backward pass."""

    def forward(self, batch: Batch) -> FakeOutput:
        mel = super().forward(batch).mel
        return FakeOutput(mel.repeat(1, 1, KIB_PER_FRAME * 256 // mel.shape[2]).sin()[..., :8])


class LimitedModel(FakeModel):
    """Model that runs out of memory above ``max_frames`` frames."""

    max_frames = 3000

    def forward(self, batch: Batch) -> FakeOutput:
        size = batch.frame_lengths.max() * len(batch.frame_lengths)
        if size > LimitedModel.max_frames:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().forward(batch)


def tune(model: type[FakeModel], devices: int = 1, **settings: float) -> int:
    strategy = "ddp" if devices > 1 else "auto"
    trainer = pl.Trainer(accelerator="cpu", devices=devices, strategy=strategy, max_steps=9,
                         logger=False, enable_checkpointing=False)  # fmt: skip
    settings = {"batches": 2, "memory": 100, **settings}
    return LargestBatch(**settings)(TunedData(), lambda: system(model), trainer)  # type: ignore


def system(model: type[FakeModel]) -> AcousticSystem:
    loss = WeightedLoss({"mel": FakeMelLoss()}, {"mel": 1.0})
    adam = partial(torch.optim.Adam, lr=0.01)
    return AcousticSystem(model(FACTS), loss, Optimization(adam, constant))


@pytest.mark.parametrize("edge", [10, 11, 37, 1000, 4096, 5000, 10**6])
def test_the_search_ends_just_below_the_limit(edge: int) -> None:
    asked: list[int] = []

    def fits(size: int) -> bool:
        asked.append(size)
        return size <= edge

    found = largest(fits, 10, 5000)
    assert min(edge, 5000) / 1.06 - 1 <= found <= min(edge, 5000)
    assert max(asked) <= max(2 * edge, 10), "no trial takes more than twice the limit"
    assert len(asked) < 20
    assert largest(lambda size: False, 10, 5000) == 0


def test_the_hardest_batches_have_the_longest_utterance_most_frames_and_most_rows() -> None:
    longest, fullest, most = hardest(np.array(LENGTHS), 2000, seed=1)
    assert max(LENGTHS[row] for row in longest) == max(LENGTHS)
    assert 1900 < len(fullest) * max(LENGTHS[row] for row in fullest) <= 2000
    assert len(most) == 8, "2000 frames of at least 200, and what padding takes"


def test_running_out_of_memory_counts_as_not_fitting_and_the_result_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        found = tune(LimitedModel)
    assert 2600 < found <= 3200, "a batch can be a little smaller than its budget"
    assert "frames take more than there is" in caplog.text
    assert f"data.frames_per_batch={found} is the most that fits in 100.00 GiB" in caplog.text


def test_on_a_cpu_the_growth_of_the_process_is_measured() -> None:
    rows = list(range(len(LENGTHS)))
    like = pl.Trainer(accelerator="cpu", max_steps=9, logger=False, enable_checkpointing=False)
    meter = RamMeter(limit=1.0)
    attempt(
        Speech(), [rows[:1]], lambda: system(MemoryHungryModel), like, meter
    )  # allocations that happen once
    small, large = (
        attempt(Speech(), [rows[-size:]], lambda: system(MemoryHungryModel), like, meter)
        for size in (2, 20)
    )
    kept = 18 * max(LENGTHS) * KIB_PER_FRAME / 2**20  # GiB that the backward pass needs
    assert kept < large - small < 8 * kept
    with pytest.raises(UserError, match=r"longest utterance, u49 .* fits in 0\.01 GiB with 10%"):
        tune(MemoryHungryModel, memory=0.01)


def test_on_a_gpu_memory_of_other_processes_is_not_available(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = {"mem_get_info": (6 * 2**30, 16 * 2**30), "memory_reserved": 2**30,
            "max_memory_reserved": 3 * 2**30, "reset_peak_memory_stats": None}  # fmt: skip
    for name, value in held.items():
        monkeypatch.setattr(torch.cuda, name, lambda device, value=value: value)
    device = torch.device("cuda", 0)
    assert meter_of(device, None).limit == 7, "6 free, 1 ours already"
    assert meter_of(device, 20).limit == 7
    meter = meter_of(device, 4)
    assert (meter.limit, meter.read()) == (4, 3)


def test_trials_change_only_the_frame_budget(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = (f"data._target_={__name__}.TunedData", "+data.frames_per_batch=500", "tune=batch",
             "tune.memory=100", "tune.batches=10")  # fmt: skip
    states = []
    with caplog.at_level(logging.INFO):
        for name, more in (("tuned", asked), ("plain", ())):
            train(compose_train(*fake_overrides(tmp_path / name, "trainer.max_steps=2", *more)))
            states.append(load_checkpoint(tmp_path / name / "checkpoints/last.ckpt"))
    config = states[0]["config"]
    assert config["data"]["frames_per_batch"] == sum(LENGTHS) // 10
    assert config["tune"] is None, "a resumed run does not tune again"
    assert "is the most that leaves an epoch 10 batches" in caplog.text
    for name, value in states[1]["state_dict"].items():
        assert torch.equal(value, states[0]["state_dict"][name]), name


def test_impossible_settings_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LimitedModel, "max_frames", 300)
    with pytest.raises(UserError, match=r"longest utterance, u49 of 396 frames.*max_seconds"):
        tune(LimitedModel)
    with pytest.raises(UserError, match=r"tune\.memory=8"):
        tune(LimitedModel, memory=None)
    with pytest.raises(UserError, match="batches=0"):
        tune(LimitedModel, batches=0)
    with pytest.raises(UserError, match="one device"):
        tune(LimitedModel, devices=2)
    monkeypatch.setattr(LimitedModel, "max_frames", "none")
    with pytest.raises(TypeError):
        tune(LimitedModel)
    monkeypatch.setattr(TunedData, "clips", object())
    with pytest.raises(UserError, match=r"data\.clips\.per_batch"):
        tune(LimitedModel)
