"""Throughput: frames per second, time by phase of a step, padding and memory."""

import time
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.profilers import PassThroughProfiler
from torch import Tensor

from tts.batch import Batch, Clips
from tts.bounds import Count, Share, Steps
from tts.callbacks.support.datamodule import datamodule
from tts.callbacks.support.gpu import Gpu, find_gpu
from tts.callbacks.support.optimizers import unwrap
from tts.callbacks.support.phase_timer import FetchProfiler, PhaseTimer
from tts.callbacks.support.priority import DEFAULT
from tts.callbacks.support.throughput_advisor import ThroughputAdvisor
from tts.memory import lifetime_peak

GIB = 2**30
MIN_STALL = 0.002  # seconds per step; less is Lightning's overhead


class Throughput(pl.Callback):
    """Logs, over the steps since the last log and without validation:

    - ``speed/frames_per_second`` (without padding) and ``speed/audio_per_second`` (seconds of
      speech per second), summed over ranks; ``speed/steps_per_second``;
    - ``speed/forward``, ``speed/backward`` and ``speed/optimizer`` (clipping and step), as shares
      of the time, summed over the optimizers of a step; on a GPU measured on the device;
    - ``speed/data_stall``: share of the time in which the device idles because the next batch is
      not ready;
    - ``speed/between_batches``: share of the host's time between two batches, which includes
      Lightning, other callbacks, and waiting for the device;
    - ``speed/padding``: share of padding in the batches;
    - ``memory/ram_peak`` and ``memory/gpu_peak`` of one process, in GiB;
    - with the extra ``gpu``, ``speed/gpu_utilization`` and ``memory/gpu_used`` from the driver.

    From ``warmup_steps`` on, warns of what slows the run down and advises a setting: see
    :class:`~tts.callbacks.support.throughput_advisor.ThroughputAdvisor`.
    """

    priority = DEFAULT

    def __init__(
        self,
        max_data_stall: Share = 0.1,
        max_padding: Share = 0.15,
        min_gpu_memory: Share = 0.5,
        patience: Count = 3,
        warmup_steps: Steps = 50,
        auto_tune: bool = False,
    ) -> None:
        self.advisor = ThroughputAdvisor(
            max_data_stall, max_padding, min_gpu_memory, patience, auto_tune
        )
        self.warmup_steps = warmup_steps
        self._timer = PhaseTimer()
        self._gpu: Gpu | None = None
        self._first_step = self._logged_step = 0
        self._restart()

    def _restart(self) -> None:
        self._steps = 0
        self._frames: Tensor | int = 0
        self._padded_frames = 0  # padding included
        self._in_batches = 0.0  # seconds
        self._between_batches = 0.0  # seconds
        self._batch_end: float | None = None
        self._batch_start = 0.0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._first_step = self._logged_step = trainer.global_step
        self._timer = PhaseTimer(pl_module.device.type == "cuda")
        self._gpu = find_gpu(pl_module.device)
        own: Any = trainer
        if isinstance(own.profiler, PassThroughProfiler):
            own.profiler = FetchProfiler(self._timer)
        for optimizer in trainer.optimizers:
            # no Lightning hook follows a step under manual optimization
            unwrap(optimizer).register_step_post_hook(lambda *_: self._timer.mark("optimizer"))

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.advisor.on_epoch_start(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.advisor.on_epoch_end(trainer)

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        batch: Batch | Clips,
        batch_idx: int,
    ) -> None:
        self._batch_start = time.perf_counter()
        if self._batch_end is not None:
            self._between_batches += self._batch_start - self._batch_end
        self._timer.mark("data_stall")

    def on_before_backward(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor
    ) -> None:
        self._timer.mark("forward")

    def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._timer.mark("backward")

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: Batch | Clips,
        batch_idx: int,
    ) -> None:
        self._timer.mark("rest")
        self._steps += 1
        # stays on the device: reading it at every step would make the host wait
        self._frames = self._frames + batch.frame_lengths.sum()
        self._padded_frames += len(batch.frame_lengths) * _padded_length(batch)
        interval = trainer.log_every_n_steps  # type: ignore[attr-defined]
        step = trainer.global_step  # the same for several batches with accumulated gradients
        due = step % interval == 0 and step != self._logged_step
        frames = float(self._frames) if due else 0.0  # waits for the device: before the clock
        self._batch_end = time.perf_counter()
        self._in_batches += self._batch_end - self._batch_start
        if due:
            self._log(trainer, pl_module, frames)
            self._logged_step = step
            self._timer.mark()
            batch_end = self._batch_end
            self._restart()
            self._batch_end = batch_end

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._batch_end = None
        self._timer.pause()

    def _log(self, trainer: pl.Trainer, pl_module: pl.LightningModule, frames: float) -> None:
        seconds = max(self._in_batches + self._between_batches, 1e-9)
        contract = datamodule(trainer).facts.contract
        speed = {
            "speed/frames_per_second": frames / seconds,
            "speed/audio_per_second": contract.seconds(1) * frames / seconds,
        }
        pl_module.log_dict(speed, sync_dist=True, reduce_fx="sum", on_step=True, on_epoch=False)
        shares = self._timer.read()
        phases = ("data_stall", "forward", "backward", "optimizer")
        padding = 1 - frames / max(self._padded_frames, 1)
        memory = peak_memory()
        values = {
            "speed/steps_per_second": self._steps / seconds,
            "speed/between_batches": self._between_batches / seconds,
            "speed/padding": padding,
            **{f"speed/{phase}": shares.get(phase, 0.0) for phase in phases},
            **memory,
        }
        gpu_memory = None
        if self._timer.cuda:
            total = torch.cuda.get_device_properties(pl_module.device).total_memory / GIB
            gpu_memory = memory["memory/gpu_peak"] / total
        if self._gpu is not None:
            values |= self._gpu.read()
        pl_module.log_dict(values)
        if trainer.global_step - self._first_step > self.warmup_steps:
            stall = values["speed/data_stall"]
            noticeable = stall * seconds / self._steps > MIN_STALL
            self.advisor.check(trainer, stall if noticeable else 0.0, padding, gpu_memory)


def _padded_length(batch: Batch | Clips) -> int:
    padded = batch.mel
    if padded is None and isinstance(batch, Batch):
        padded = batch.codes
    return padded.shape[1] if padded is not None else int(batch.frame_lengths.max())


def peak_memory() -> dict[str, float]:
    """Return the peak GiB of this process, in RAM and on the GPU if there is one."""
    peak = {"memory/ram_peak": lifetime_peak()}
    if torch.cuda.is_available():
        peak["memory/gpu_peak"] = torch.cuda.max_memory_allocated() / GIB
    return peak
