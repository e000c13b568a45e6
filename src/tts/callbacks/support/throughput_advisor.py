"""Throughput advice: what slows a training down, and the setting that helps."""

import logging
import os
from collections import defaultdict, deque
from typing import Any

import lightning.pytorch as pl

from tts.callbacks.support.datamodule import datamodule
from tts.callbacks.support.optimizers import batches_per_step
from tts.data.datamodule import SpeechDataModule
from tts.errors import UserError

log = logging.getLogger(__name__)
MAX_PREFETCH = 32  # batches per worker; more only takes memory


class ThroughputAdvisor:
    """Warns once of each cause that has lasted for ``patience`` log intervals.

    ``max_data_stall`` and ``max_padding``: shares above which the device waits too long for data
    and too much of the batches is padding; ``min_gpu_memory``: share below which the GPU's memory
    is wasted. With ``auto_tune``, a device that waits gets more workers, then longer queues, from
    the next epoch on. Neither changes the batches or their order, hence not the weights.
    """

    def __init__(
        self,
        max_data_stall: float,
        max_padding: float,
        min_gpu_memory: float,
        patience: int,
        auto_tune: bool,
    ) -> None:
        if patience < 1:
            raise UserError(f"callbacks.throughput.patience={patience} must be at least 1")
        self.max_data_stall, self.max_padding = max_data_stall, max_padding
        self.min_gpu_memory = min_gpu_memory
        self.auto_tune = auto_tune
        self._shares: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=patience))
        self._warned: set[str] = set()
        self._reload_every = 0  # the trainer's own setting, while ours is in place

    def check(
        self, trainer: pl.Trainer, data_stall: float, padding: float, gpu_memory: float | None
    ) -> None:
        """Take the shares of a log interval and warn; ``gpu_memory``: None without a GPU."""
        data: object = trainer.datamodule  # type: ignore[attr-defined]
        budget = None  # frames of a batch; clips have no padding, and batches of another size
        if isinstance(data, SpeechDataModule) and data.clips is None:
            budget = data.frames_per_batch
        self._shares["data_stall"].append(data_stall)
        self._shares["padding"].append(padding)
        if not self.auto_tune and self._lasts("data_stall", self.max_data_stall):
            _, advice = faster_loading(trainer)
            self._warn(trainer, "data_stall", f"{self._data_stall()}: {advice}")
        if budget and self._lasts("padding", self.max_padding):
            self._warn(
                trainer, "padding",
                f"{self._mean('padding'):.0%} of the batches is padding: set "
                f"data.frames_per_batch={budget // 2} (now {budget}), which mixes fewer lengths, "
                f"and trainer.accumulate_grad_batches={2 * batches_per_step(trainer)} for as many "
                "frames per step",
            )  # fmt: skip
        if budget and gpu_memory is not None and padding <= self.max_padding:
            self._shares["gpu"].append(1 - gpu_memory)
            if self._lasts("gpu", 1 - self.min_gpu_memory):
                self._warn(
                    trainer, "gpu",
                    f"{gpu_memory:.0%} of the GPU's memory is used: set data.frames_per_batch="
                    f"{2 * budget} (now {budget}), or find the largest with tune=batch",
                )  # fmt: skip

    def on_epoch_end(self, trainer: pl.Trainer) -> None:
        """Change how batches are loaded if any rank waits (collective: call on every rank)."""
        if not self.auto_tune:
            return
        waits = self._lasts("data_stall", self.max_data_stall)
        if not trainer.strategy.reduce_boolean_decision(waits, all=False):
            return
        changes, advice = faster_loading(trainer)
        self._warn(trainer, "" if changes else "data_stall", f"{self._data_stall()}: {advice}")
        own: Any = trainer  # mypy does not know the attribute set below
        if changes:
            datamodule(trainer).reconfigure(**changes)
            self._shares["data_stall"].clear()
        # on every rank, changed or not: reloading is collective
        self._reload_every = own.reload_dataloaders_every_n_epochs
        own.reload_dataloaders_every_n_epochs = 1

    def on_epoch_start(self, trainer: pl.Trainer) -> None:
        """Restore the trainer's setting after the data loaders are reloaded."""
        if self.auto_tune:
            trainer.reload_dataloaders_every_n_epochs = self._reload_every  # type: ignore[attr-defined]

    def _lasts(self, cause: str, limit: float) -> bool:
        shares = self._shares[cause]
        return cause not in self._warned and len(shares) == shares.maxlen and min(shares) > limit

    def _mean(self, cause: str) -> float:
        shares = self._shares[cause]
        return sum(shares) / max(len(shares), 1)

    def _data_stall(self) -> str:
        return f"the device waits for data {self._mean('data_stall'):.0%} of the time"

    def _warn(self, trainer: pl.Trainer, cause: str, text: str) -> None:
        self._warned.add(cause)
        if trainer.is_global_zero:
            log.warning("step %d: %s", trainer.global_step, text)


def faster_loading(trainer: pl.Trainer) -> tuple[dict[str, int], str]:
    """Return the next change to the data module's loading, {} if none is left, and advice."""
    data: object = trainer.datamodule  # type: ignore[attr-defined]
    if not isinstance(data, SpeechDataModule):
        return {}, "raise num_workers of its DataLoader"
    cores = max(available_cores() // trainer.num_devices, 1)
    workers, prefetch = data.workers, data.prefetch
    if workers < cores:
        more = min(max(2 * workers, 1), cores)
        return {"workers": more}, f"set data.workers={more} (now {workers}, on {cores} cores)"
    if prefetch < MAX_PREFETCH:
        more = min(2 * prefetch, MAX_PREFETCH)
        return {"prefetch": more}, (
            f"set data.prefetch={more} (now {prefetch}); data.workers={workers} already uses all "
            f"{cores} cores"
        )
    return {}, (
        f"data.workers={workers} already uses all {cores} cores: move data.prepared_dir to a "
        "faster disk, or use more cores"
    )


def available_cores() -> int:
    """Return the CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
