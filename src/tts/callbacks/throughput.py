"""How fast a run is, where it waits and how much memory it takes."""

import resource
import sys
import time
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

GIB = 2**30


class Throughput(pl.Callback):
    """Logs, over the steps since the last log and summed over all ranks:

    ``speed/frames_per_second`` (real frames, not padding), ``speed/audio_per_second`` (seconds of
    speech per second), ``speed/steps_per_second``, ``speed/waiting`` (share of the time spent
    waiting for data), ``speed/padding`` (share of the batches that is padding), and
    ``memory/ram_peak`` and ``memory/gpu_peak`` of one process in GiB.
    Time spent in validation does not count.
    """

    def __init__(self) -> None:
        self._restart()

    def _restart(self) -> None:
        self._steps = 0
        self._frames: Tensor | int = 0
        self._places = 0  # frames and padding
        self._working = 0.0
        self._waiting = 0.0
        self._ended: float | None = None  # when the last batch ended
        self._began = 0.0

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        self._began = time.perf_counter()
        if self._ended is not None:
            self._waiting += self._began - self._ended

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        self._steps += 1
        # stays on the device: reading it every step would make the device wait
        self._frames = self._frames + batch.frame_lengths.sum()
        self._places += len(batch.frame_lengths) * _width(batch)
        interval = trainer.log_every_n_steps  # type: ignore[attr-defined]
        due = trainer.global_step % interval == 0
        frames = float(self._frames) if due else 0.0  # waits for the device, so before the clock
        self._ended = time.perf_counter()
        self._working += self._ended - self._began
        if due:
            self._log(trainer, pl_module, frames)
            ended = self._ended
            self._restart()
            self._ended = ended

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._ended = None

    def _log(self, trainer: pl.Trainer, pl_module: pl.LightningModule, frames: float) -> None:
        seconds = max(self._working + self._waiting, 1e-9)
        facts = getattr(trainer.datamodule, "facts", None)  # type: ignore[attr-defined]
        speed = {"speed/frames_per_second": frames / seconds}
        if facts is not None:
            speed["speed/audio_per_second"] = facts.contract.seconds(1) * frames / seconds
        pl_module.log_dict(speed, sync_dist=True, reduce_fx="sum", on_step=True, on_epoch=False)
        pl_module.log_dict(
            {
                "speed/steps_per_second": self._steps / seconds,
                "speed/waiting": self._waiting / seconds,
                "speed/padding": 1 - frames / max(self._places, 1),
                **peak_memory(),
            }
        )


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
