"""Where a step's time goes; a starving device is named and fed, a quiet run is quiet."""

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
from tts.callbacks.support.throughput_advisor import ThroughputAdvisor, faster_reading
from tts.callbacks.throughput import Throughput
from tts.checkpoint import load_checkpoint
from tts.data.datamodule import SpeechDataModule
from tts.errors import UserError
from tts.training.run import train

HERE = "tests.callbacks.test_throughput"


class Sleepy:
    """Eight utterances whose reading takes a while."""

    frame_lengths = (12,) * 8
    rows = tuple(SimpleNamespace(id=f"u{n}") for n in range(8))

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.made = [make_batch(n) for n in range(len(self))]

    def __len__(self) -> int:
        return len(self.frame_lengths)

    def __getitem__(self, rows: Sequence[int]) -> Batch:
        time.sleep(self.seconds)
        return self.made[rows[0]]


class SleepyData(SpeechDataModule):
    """The real one, around a dataset that is there already."""

    def __init__(self, batches: int, seconds: float, workers: int = 1) -> None:
        pl.LightningDataModule.__init__(self)
        self.frontend, self.clips, self._facts = FakeFrontend(), None, FACTS  # type: ignore
        self.workers, self.prefetch, self.seed, self.frames_per_batch = workers, 4, 1, 12
        self._parts = {"train": Sleepy(seconds), "validation": Sleepy(0)}  # type: ignore[dict-item]
        self._sampler, self._consumed = None, 0

    def prepare_data(self) -> None:
        pass


class Thinker(FakeModel):
    """Takes its time."""

    def forward(self, batch: Batch) -> FakeOutput:
        time.sleep(0.04)
        return super().forward(batch)


class Seen(pl.Callback):
    """Utterances in their order, readers, and what was logged."""

    order: list[int]
    readers: list[int]
    logged: list[dict[str, float]]

    def __init__(self) -> None:
        Seen.order, Seen.readers, Seen.logged = [], [], []

    def on_train_batch_end(
        self, trainer: Any, module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        Seen.order.append(int(batch.utterance[0]))
        Seen.readers.append(len(multiprocessing.active_children()))
        if trainer.global_step % 2 == 0:
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            Seen.logged.append(metrics)


def run(folder: Path, seconds: float, *more: str, steps: int = 24) -> Any:
    """What was seen, and the last checkpoint."""
    from tests.callbacks.test_throughput import Seen  # the one that the config names

    train(compose_train(*fake_overrides(
        folder, f"data._target_={HERE}.SleepyData", f"+data.seconds={seconds}",
        f"trainer.max_steps={steps}", "trainer.log_every_n_steps=2", "scheduler=constant",
        "trainer.val_check_interval=100", "callbacks.throughput.warmup_steps=2",
        "callbacks.throughput.padding=0.9",
        "callbacks.throughput.waiting=0.3",
        "+trainer.limit_val_batches=0", f"+callbacks.seen._target_={HERE}.Seen", *more,
    )))  # fmt: skip
    return Seen, load_checkpoint(folder / "checkpoints/last.ckpt")


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        r.getMessage()
        for r in caplog.records
        if r.name.startswith("tts.callbacks.support.throughput_advisor")
    ]


def test_a_starving_device_is_named_once_with_what_to_change(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput_advisor, "cores_of_this_process", lambda: 3)
    run(tmp_path, 0.1)
    [told] = warnings_of(caplog)
    assert "the device waits for data" in told
    assert told.endswith("of the time: data.workers=2 (1 now, 3 cores)")


def test_auto_feeds_it_and_changes_neither_batches_nor_weights(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throughput_advisor, "cores_of_this_process", lambda: 8)
    seen, plain = run(tmp_path / "plain", 0.0)
    order = list(seen.order)
    caplog.clear()
    seen, fed = run(tmp_path / "fed", 0.15, "callbacks.throughput.auto=true")
    told = [text.split(": ")[-1] for text in warnings_of(caplog)]
    assert told[:2] == ["data.workers=2 (1 now, 8 cores)", "data.workers=4 (2 now, 8 cores)"]
    assert seen.readers[0] == 1
    assert seen.readers[8] == 2, "from the next epoch on, and the old one is gone"
    assert seen.readers[16] == 4
    starving = [metrics["speed/data_stall"] for metrics in seen.logged]
    assert min(starving[8:]) < 0.7 * min(starving[1:4])
    assert seen.order == order
    for name, value in plain["state_dict"].items():
        assert torch.equal(value, fed["state_dict"][name]), name
    assert plain["SleepyData"] == fed["SleepyData"] == {"consumed": 24}


def test_a_quiet_run_is_quiet_and_its_time_goes_where_it_is_spent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen, _ = run(
        tmp_path,
        0.0,
        f"model._target_={HERE}.Thinker",
        "callbacks.throughput.auto=true",
        "+data.workers=0",
        steps=12,
    )
    assert warnings_of(caplog) == []
    for metrics in seen.logged:
        parts = [metrics[f"speed/{n}"] for n in ("data_stall", "forward", "backward", "optimizer")]
        assert parts[1] > 0.5
        assert min(parts[2:]) > 0
        assert sum(parts) < 1
        assert "speed/gpu_utilization" not in metrics


def test_every_turn_of_a_manual_optimization_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(phase_timer.time, "perf_counter", lambda: float(next(clock)))
    throughput = Throughput()
    weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    optimizers = [torch.optim.SGD([weight], lr=0.1) for weight in weights]
    trainer: Any = SimpleNamespace(global_step=0, optimizers=optimizers, profiler=None)
    throughput.on_train_start(trainer, SimpleNamespace(device=torch.device("cpu")))  # type: ignore
    watch = throughput._watch
    watch.mark()
    for optimizer in reversed(optimizers):  # the judges, then the model
        throughput.on_before_backward(trainer, None, weights[0])  # type: ignore[arg-type]
        throughput.on_after_backward(trainer, None)  # type: ignore[arg-type]
        optimizer.step()
    watch.mark("rest")
    shares = watch.read()
    assert shares == pytest.approx(
        {"forward": 2 / 7, "backward": 2 / 7, "optimizer": 2 / 7, "rest": 1 / 7}
    )
    assert watch.read() == {}


class Event:
    """A CUDA event of a device that takes 3 ms from each to the next."""

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


def test_a_gpu_is_not_waited_for_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "Event", Event)
    watch = PhaseTimer(cuda=True)
    for phase in (None, "forward", "backward", "optimizer", "optimizer"):
        watch.mark(phase)
    assert Event.waited == 0
    assert watch.read() == pytest.approx({"forward": 0.25, "backward": 0.25, "optimizer": 0.5})
    assert Event.waited == 1
    watch.pause()
    watch.mark("waiting")
    assert watch.read() == {}, "a pause does not count"


def nvml(**failing: bool) -> Any:
    """The part of pynvml that is used, on a machine of one GPU."""

    class NVMLError(Exception):
        pass

    def answer(name: str, value: Any) -> Any:
        def ask(*arguments: Any) -> Any:
            if failing.get(name):
                raise NVMLError("not here")
            return value(*arguments)

        return ask

    known = {
        "nvmlInit": lambda: None,
        "nvmlDeviceGetHandleByUUID": {"GPU-abc": 7}.__getitem__,
        "nvmlDeviceGetUtilizationRates": lambda handle: SimpleNamespace(gpu=30 + handle),
        "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(used=3 * 2**30),
    }
    fakes = {name: answer(name, value) for name, value in known.items()}
    return SimpleNamespace(NVMLError=NVMLError, **fakes)


def test_a_gpu_is_asked_where_there_is_one_and_nothing_breaks_where_not(
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
    assert "uv sync --extra gpu" in caplog.text


def looks(*given: tuple[float, float, float | None], **data: Any) -> None:
    """``given``: waiting, padding and filled GPU memory of log intervals."""
    advisor = ThroughputAdvisor(waiting=0.1, padding=0.15, gpu_memory=0.5, patience=2, auto=False)
    told: Any = SimpleNamespace(
        datamodule=SimpleNamespace(frames_per_batch=6000, **data), is_global_zero=True,
        lightning_module=None,
        global_step=10, accumulate_grad_batches=1, num_devices=1,
    )  # fmt: skip
    for each in given:
        advisor.look(told, *each)


def test_padding_and_idle_memory_are_told_when_they_last(caplog: pytest.LogCaptureFixture) -> None:
    looks((0.0, 0.3, 0.2), (0.0, 0.1, 0.9), (0.2, 0.3, 0.2), (0.0, 0.1, 0.9))
    looks(*[(0.0, 0.5, 0.2)] * 4, clips=object())
    looks(*[(0.0, 0.1, 0.9)] * 4)
    assert warnings_of(caplog) == [], "moments, clips, and what is in order"
    looks(*[(0.0, 0.25, 0.2)] * 4)
    looks(*[(0.0, 0.1, 0.2)] * 4)
    looks(*[(0.5, 0.1, None)] * 4)
    padding, memory, waiting = warnings_of(caplog)
    assert padding.startswith("step 10: 25% of the batches is padding: data.frames_per_batch=3000")
    assert memory.startswith(
        "step 10: 20% of the GPU's memory is used: data.frames_per_batch=12000"
    )
    assert waiting.endswith("waits for data 50% of the time: give its DataLoader more num_workers")


def test_when_workers_are_enough_the_queues_grow_and_then_the_words_remain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throughput_advisor, "cores_of_this_process", lambda: 12)
    data = SleepyData(1, 0.0, workers=0)
    trainer: Any = SimpleNamespace(datamodule=data, num_devices=2)
    done = []
    while changes := faster_reading(trainer)[0]:
        done.append(changes)
        data.__dict__.update(changes)
    workers, prefetch = [1, 2, 4, 6], [8, 16, 32]
    assert done == [{"workers": n} for n in workers] + [{"prefetch": n} for n in prefetch]
    assert "data.workers=6 is as much as 6 cores can do" in faster_reading(trainer)[1]


def test_wrong_settings_are_named() -> None:
    with pytest.raises(UserError, match="patience=0"):
        Throughput(patience=0)
    with pytest.raises(UserError, match=r"data\.prefetch=0"):
        SpeechDataModule(None, None, None, prefetch=0)  # type: ignore[arg-type]
