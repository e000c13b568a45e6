"""Throughput: time by phase, and advice or more workers when the device waits for data."""

import logging
import multiprocessing
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from fakes import (
    FACTS,
    FakeFrontend,
    FakeModel,
    FakeOutput,
    compose_train,
    fake_overrides,
    make_batch,
)

from tts.batch import Batch
from tts.callbacks.support import phase_timer, throughput_advisor
from tts.callbacks.support.gpu import find_gpu
from tts.callbacks.support.phase_timer import PhaseTimer
from tts.callbacks.support.throughput_advisor import ThroughputAdvisor, faster_loading
from tts.callbacks.throughput import Throughput
from tts.checkpoint import load_checkpoint
from tts.data.data_settings import DataSettings
from tts.data.datamodule import SpeechDataModule
from tts.errors import UserError
from tts.training.run import train

HERE = "tests.callbacks.test_throughput"


class SlowDataset:
    """Eight utterances that take ``seconds`` each to read."""

    frame_lengths = (12,) * 8
    rows = tuple(SimpleNamespace(phonemes="", frames=1, id=f"u{n}") for n in range(8))

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.batches = [make_batch(n) for n in range(len(self))]

    def __len__(self) -> int:
        return len(self.frame_lengths)

    def summary(self) -> dict[str, int]:
        return {"utterances": len(self)}

    def __getitem__(self, rows: Sequence[int]) -> Batch:
        time.sleep(self.seconds)
        return self.batches[rows[0]]


class SlowData(SpeechDataModule):
    """The real data module around a :class:`SlowDataset`."""

    def __init__(self, batches: int, seconds: float, workers: int = 1) -> None:
        pl.LightningDataModule.__init__(self)
        self.frontend, self.clips, self._facts = FakeFrontend(), None, FACTS  # type: ignore
        self.workers, self.prefetch, self.seed, self.frames_per_batch = workers, 4, 1, 12
        self.settings = DataSettings()
        self._parts = {"train": SlowDataset(seconds), "validation": SlowDataset(0)}  # type: ignore[dict-item]
        self._sampler, self._consumed = None, 0

    def prepare_data(self) -> None:
        pass


class SlowModel(FakeModel):
    """Takes 0.04 s for a forward pass."""

    def forward(self, batch: Batch) -> FakeOutput:
        time.sleep(0.04)
        return super().forward(batch)


class Record(pl.Callback):
    """Records the order of utterances, the number of workers, and the logged metrics."""

    order: list[int]
    workers_alive: list[int]
    logged: list[dict[str, float]]

    def __init__(self) -> None:
        Record.order, Record.workers_alive, Record.logged = [], [], []

    def on_train_batch_end(
        self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        Record.order.append(int(batch.utterance[0]))
        Record.workers_alive.append(len(multiprocessing.active_children()))
        if trainer.global_step % 2 == 0:
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            Record.logged.append(metrics)


def run(folder: Path, seconds: float, *more: str, steps: int = 24) -> Any:
    """Return the record of a run and its last checkpoint."""
    from tests.callbacks.test_throughput import Record  # the class that the config instantiates

    train(compose_train(*fake_overrides(
        folder, f"data._target_={HERE}.SlowData", f"+data.seconds={seconds}",
        f"trainer.max_steps={steps}", "trainer.log_every_n_steps=2", "scheduler=constant",
        "trainer.val_check_interval=100", "callbacks.throughput.warmup_steps=2",
        "callbacks.throughput.max_padding=0.9",
        "callbacks.throughput.max_data_stall=0.3",
        "+trainer.limit_val_batches=0", f"+callbacks.record._target_={HERE}.Record", *more,
    )))  # fmt: skip
    return Record, load_checkpoint(folder / "checkpoints/last.ckpt")


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        r.getMessage()
        for r in caplog.records
        if r.name.startswith("tts.callbacks.support.throughput_advisor")
    ]


def test_a_device_that_waits_for_data_is_reported_once_with_advice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput_advisor, "available_cores", lambda: 3)
    run(tmp_path, 0.1)
    [warning] = warnings_of(caplog)
    assert "the device waits for data" in warning
    assert warning.endswith("of the time: set data.workers=2 (now 1, on 3 cores)")


def test_auto_tune_adds_workers_and_changes_neither_batches_nor_weights(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput_advisor, "available_cores", lambda: 8)
    record, plain = run(tmp_path / "plain", 0.0)
    order = list(record.order)
    caplog.clear()
    record, tuned = run(tmp_path / "tuned", 0.15, "callbacks.throughput.auto_tune=true")
    advice = [text.split(": ")[-1] for text in warnings_of(caplog)]
    assert advice[:2] == [
        "set data.workers=2 (now 1, on 8 cores)",
        "set data.workers=4 (now 2, on 8 cores)",
    ]
    assert record.workers_alive[0] == 1
    assert record.workers_alive[8] == 2, "from the next epoch on, without the old one"
    assert record.workers_alive[16] == 4
    stalls = [metrics["speed/data_stall"] for metrics in record.logged]
    assert min(stalls[8:]) < 0.7 * min(stalls[1:4])
    assert record.order == order
    for name, value in plain["state_dict"].items():
        assert torch.equal(value, tuned["state_dict"][name]), name
    assert plain["SlowData"] == tuned["SlowData"]
    assert plain["SlowData"]["consumed"] == 24


def test_a_fast_loader_has_no_warning_and_the_shares_are_those_of_the_phases(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record, _ = run(
        tmp_path,
        0.0,
        f"model._target_={HERE}.SlowModel",
        "callbacks.throughput.auto_tune=true",
        "+data.workers=0",
        steps=12,
    )
    assert warnings_of(caplog) == []
    for metrics in record.logged:
        parts = [metrics[f"speed/{n}"] for n in ("data_stall", "forward", "backward", "optimizer")]
        assert parts[1] > 0.5
        assert min(parts[2:]) > 0
        assert sum(parts) < 1
        assert "speed/gpu_utilization" not in metrics


def test_every_optimizer_of_a_manual_optimization_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(phase_timer.time, "perf_counter", lambda: float(next(clock)))
    throughput = Throughput()
    weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    optimizers = [torch.optim.SGD([weight], lr=0.1) for weight in weights]
    trainer: Any = SimpleNamespace(global_step=0, optimizers=optimizers, profiler=None)
    throughput.on_train_start(trainer, SimpleNamespace(device=torch.device("cpu")))  # type: ignore
    timer = throughput._timer
    timer.mark()
    for optimizer in reversed(optimizers):  # the discriminators, then the model
        throughput.on_before_backward(trainer, None, weights[0])  # type: ignore[arg-type]
        throughput.on_after_backward(trainer, None)  # type: ignore[arg-type]
        optimizer.step()
    timer.mark("rest")
    shares = timer.read()
    assert shares == pytest.approx(
        {"forward": 2 / 7, "backward": 2 / 7, "optimizer": 2 / 7, "rest": 1 / 7}
    )
    assert timer.read() == {}


class Event:
    """A CUDA event of a device that takes 3 ms from one to the next."""

    count, waited = 0, 0

    def __init__(self, enable_timing: bool) -> None:
        assert enable_timing

    def record(self) -> None:
        Event.count += 1
        self.number = Event.count

    def elapsed_time(self, other: "Event") -> float:
        return 3.0 * (other.number - self.number)

    def synchronize(self) -> None:
        Event.waited += 1


def test_the_host_does_not_wait_for_a_gpu_before_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "Event", Event)
    timer = PhaseTimer(cuda=True)
    for phase in (None, "forward", "backward", "optimizer", "optimizer"):
        timer.mark(phase)
    assert Event.waited == 0
    assert timer.read() == pytest.approx({"forward": 0.25, "backward": 0.25, "optimizer": 0.5})
    assert Event.waited == 1
    timer.pause()
    timer.mark("forward")
    assert timer.read() == {}, "a pause does not count"


def nvml(**failing: bool) -> Any:
    """Return a fake of pynvml on a machine with one GPU; ``failing``: functions that raise."""

    class NVMLError(Exception):
        pass

    def fake(name: str, value: Any) -> Any:
        def call(*arguments: Any) -> Any:
            if failing.get(name):
                raise NVMLError("not here")
            return value(*arguments)

        return call

    known = {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetHandleByUUID": {"GPU-abc": 7}.__getitem__,
        "nvmlDeviceGetUtilizationRates": lambda handle: SimpleNamespace(gpu=30 + handle),
        "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(used=3 * 2**30),
    }
    functions = {name: fake(name, value) for name, value in known.items()}
    return SimpleNamespace(NVMLError=NVMLError, **functions)


def test_gpu_statistics_are_read_where_nvml_offers_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    device = torch.device("cuda", 0)
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="abc")
    )
    monkeypatch.setitem(sys.modules, "pynvml", nvml())
    gpu = find_gpu(device)
    assert gpu is not None
    assert gpu.read() == {"speed/gpu_utilization": 0.37, "memory/gpu_used": 3.0}
    assert find_gpu(torch.device("cpu")) is None
    monkeypatch.setitem(sys.modules, "pynvml", nvml(nvmlDeviceGetUtilizationRates=True))
    gpu = find_gpu(device)
    assert gpu is not None
    assert gpu.read() == {}
    with caplog.at_level(logging.DEBUG):
        monkeypatch.setitem(sys.modules, "pynvml", nvml(nvmlInit=True))
        assert find_gpu(device) is None
        monkeypatch.setitem(sys.modules, "pynvml", None)
        assert find_gpu(device) is None
    assert "NVML: not here" in caplog.text
    assert "uv sync --inexact --extra gpu" in caplog.text


def advise(data: Any, *intervals: tuple[float, float, float | None]) -> None:
    """Check ``intervals``: data stall, padding and GPU memory in use, as shares."""
    advisor = ThroughputAdvisor(
        max_data_stall=0.1, max_padding=0.15, min_gpu_memory=0.5, patience=2, auto_tune=False
    )
    trainer: Any = SimpleNamespace(
        datamodule=data, is_global_zero=True, lightning_module=SimpleNamespace(accumulate=1),
        global_step=10, accumulate_grad_batches=1, num_devices=1,
    )  # fmt: skip
    for interval in intervals:
        advisor.check(trainer, *interval)


def test_padding_and_unused_memory_are_reported_when_they_last(
    caplog: pytest.LogCaptureFixture,
) -> None:
    data, clips, foreign = SlowData(1, 0.0), SlowData(1, 0.0), SimpleNamespace()
    data.frames_per_batch = clips.frames_per_batch = 6000
    clips.clips = object()  # type: ignore[assignment]
    advise(data, (0.0, 0.3, 0.2), (0.0, 0.1, 0.9), (0.2, 0.3, 0.2), (0.0, 0.1, 0.9))
    advise(clips, *[(0.0, 0.5, 0.2)] * 4)
    advise(data, *[(0.0, 0.1, 0.9)] * 4)
    assert warnings_of(caplog) == [], "single intervals, clips, and shares within the limits"
    advise(data, *[(0.0, 0.25, 0.2)] * 4)
    advise(data, *[(0.0, 0.1, 0.2)] * 4)
    advise(foreign, *[(0.5, 0.1, None)] * 4)
    padding, memory, stall = warnings_of(caplog)
    start = "step 10: 25% of the batches is padding: set data.frames_per_batch=3000"
    assert padding.startswith(start)
    assert "trainer.accumulate_grad_batches=2" in padding
    start = "step 10: 20% of the GPU's memory is used: set data.frames_per_batch=12000"
    assert memory.startswith(start)
    assert stall.endswith("waits for data 50% of the time: raise num_workers of its DataLoader")


def test_workers_grow_first_then_the_queues_then_only_advice_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throughput_advisor, "available_cores", lambda: 12)
    data = SlowData(1, 0.0, workers=0)
    trainer: Any = SimpleNamespace(datamodule=data, num_devices=2)
    made = []
    while changes := faster_loading(trainer)[0]:
        made.append(changes)
        data.__dict__.update(changes)
    workers, prefetch = [1, 2, 4, 6], [8, 16, 32]
    assert made == [{"workers": n} for n in workers] + [{"prefetch": n} for n in prefetch]
    assert "data.workers=6 already uses all 6 cores" in faster_loading(trainer)[1]


def test_wrong_settings_are_rejected() -> None:
    with pytest.raises(UserError, match="patience=0"):
        Throughput(patience=0)
    with pytest.raises(UserError, match=r"data\.prefetch=0"):
        SpeechDataModule([], None, None, DataSettings(prefetch=0))  # type: ignore[arg-type]
