"""How fast a run is, where its time goes and how much memory it takes."""

import resource
import sys
import time
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.profilers import PassThroughProfiler
from torch import Tensor

from tts.callbacks.support.gpu import Gpu, find_gpu
from tts.callbacks.support.optimizers import bare
from tts.callbacks.support.phase_timer import PhaseTimer
from tts.callbacks.support.throughput_advisor import ThroughputAdvisor

GIB = 2**30
WORTH = 0.002  # seconds a step; less is Lightning's own affairs


class Throughput(pl.Callback):
    """Logs, over the steps since the last log and summed over all ranks:

    ``speed/frames_per_second`` (real frames, not padding), ``speed/audio_per_second`` (seconds of
    speech per second), ``speed/steps_per_second``, ``speed/waiting`` (share of the time spent
    waiting for data), ``speed/padding`` (share of the batches that is padding), and
    ``memory/ram_peak`` and ``memory/gpu_peak`` of one process in GiB.
    ``speed/forward``, ``speed/backward`` and ``speed/optimizer`` (clipping and step) are shares of
    the whole time too, summed over the turns where there are several in a step; what is missing to
    one is waiting, metrics and callbacks. On a GPU they are times of the device, by events in its
    stream that are read with the rest at a log. ``speed/data_stall`` is the share in which the device
    had nothing to do because the next batch was not there; in ``speed/waiting`` is also what
    Lightning and other callbacks do between two batches, and what a GPU still works on meanwhile.
    With the extra ``gpu`` also ``speed/gpu_utilization`` and ``memory/gpu_used``, as the driver
    counts them. Time spent in validation does not count.

    From ``warmup_steps`` on it says in words what slows the run down and what to change, see
    :class:`~tts.callbacks.support.throughput_advisor.ThroughputAdvisor`; steps that wait for less than 2 ms are not worth a word.
    """

    def __init__(
        self,
        waiting: float = 0.1,
        padding: float = 0.15,
        gpu_memory: float = 0.5,
        patience: int = 3,
        warmup_steps: int = 50,
        auto: bool = False,
    ) -> None:
        self.advice = ThroughputAdvisor(waiting, padding, gpu_memory, patience, auto)
        self.warmup_steps = warmup_steps
        self._watch = PhaseTimer()
        self._gpu: Gpu | None = None
        self._first_step = self._logged = 0
        self._restart()

    def _restart(self) -> None:
        self._steps = 0
        self._frames: Tensor | int = 0
        self._places = 0  # frames and padding
        self._working = 0.0
        self._waiting = 0.0
        self._ended: float | None = None  # when the last batch ended
        self._began = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._first_step = self._logged = trainer.global_step
        self._watch = PhaseTimer(pl_module.device.type == "cuda")
        self._gpu = find_gpu(pl_module.device)
        own: Any = trainer
        if isinstance(own.profiler, PassThroughProfiler):
            own.profiler = FetchMarks(self._watch)
        for optimizer in trainer.optimizers:
            # the only sign that a step is done which manual optimization gives as well
            bare(optimizer).register_step_post_hook(lambda *_: self._watch.mark("optimizer"))

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.advice.epoch_began(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.advice.between_epochs(trainer)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self._began = time.perf_counter()
        if self._ended is not None:
            self._waiting += self._began - self._ended
        self._watch.mark("waiting")

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        self._watch.mark("forward")

    def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._watch.mark("backward")

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self._watch.mark("rest")
        self._steps += 1
        # stays on the device: reading it every step would make the device wait
        self._frames = self._frames + batch.frame_lengths.sum()
        self._places += len(batch.frame_lengths) * _width(batch)
        interval = trainer.log_every_n_steps  # type: ignore[attr-defined]
        step = trainer.global_step  # the same for several batches where gradients are accumulated
        due = step % interval == 0 and step != self._logged
        frames = float(self._frames) if due else 0.0  # waits for the device, so before the clock
        self._ended = time.perf_counter()
        self._working += self._ended - self._began
        if due:
            self._log(trainer, pl_module, frames)
            self._logged = step
            self._watch.mark()
            ended = self._ended
            self._restart()
            self._ended = ended

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._ended = None
        self._watch.pause()

    def _log(self, trainer: pl.Trainer, pl_module: pl.LightningModule, frames: float) -> None:
        seconds = max(self._working + self._waiting, 1e-9)
        facts = getattr(trainer.datamodule, "facts", None)  # type: ignore[attr-defined]
        speed = {"speed/frames_per_second": frames / seconds}
        if facts is not None:
            speed["speed/audio_per_second"] = facts.contract.seconds(1) * frames / seconds
        pl_module.log_dict(speed, sync_dist=True, reduce_fx="sum", on_step=True, on_epoch=False)
        shares = self._watch.read()
        padding = 1 - frames / max(self._places, 1)
        memory = peak_memory()
        values = {
            "speed/steps_per_second": self._steps / seconds,
            "speed/waiting": self._waiting / seconds,
            "speed/padding": padding,
            **{f"speed/{n}": shares.get(n, 0.0) for n in ("forward", "backward", "optimizer")},
            **memory,
        }
        values["speed/data_stall"] = starving = shares.get("waiting", 0.0)
        filled = None
        if self._watch.cuda:
            whole = torch.cuda.get_device_properties(pl_module.device).total_memory / GIB
            filled = memory["memory/gpu_peak"] / whole
        if self._gpu is not None:
            values |= self._gpu.read()
        pl_module.log_dict(values)
        if trainer.global_step - self._first_step > self.warmup_steps:
            worth = starving * seconds / self._steps > WORTH
            self.advice.look(trainer, starving if worth else 0.0, padding, filled)


class FetchMarks(PassThroughProfiler):
    """Tells a timer when Lightning begins to ask for a batch, of which there is no hook."""

    def __init__(self, watch: PhaseTimer) -> None:
        super().__init__()
        self.watch = watch

    def start(self, action_name: str) -> None:
        if action_name.endswith("train_dataloader_next"):
            self.watch.mark("rest")


def _width(batch: Any) -> int:
    padded = batch.mel if batch.mel is not None else batch.codes
    return padded.shape[1] if padded is not None else int(batch.frame_lengths.max())


def peak_memory() -> dict[str, float]:
    """GiB this process has held at most, in RAM and on the GPU if there is one."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB on Linux
    peak = {"memory/ram_peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / GIB}
    if torch.cuda.is_available():
        peak["memory/gpu_peak"] = torch.cuda.max_memory_allocated() / GIB
    return peak
