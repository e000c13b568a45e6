"""What slows a training down, in words, with the override that mends it."""

import logging
import os
from collections import defaultdict, deque
from typing import Any

import lightning.pytorch as pl

from tts.callbacks.support.optimizers import batches_per_step
from tts.errors import UserError

log = logging.getLogger(__name__)
LONGEST_QUEUE = 32  # batches per worker; more only takes memory


class ThroughputAdvisor:
    """Looks at every log interval and speaks once of what has lasted for ``patience`` of them.

    ``waiting``, ``padding``: shares above which the device starves, and padding is much;
    ``gpu_memory``: share of it below which it is wasted. With ``auto`` a starving device gets more
    workers, then longer queues, from the next epoch on, said each time. What a batch holds and
    which comes next is the sampler's affair: the weights come out the same to the bit.
    """

    def __init__(
        self, waiting: float, padding: float, gpu_memory: float, patience: int, auto: bool
    ) -> None:
        if patience < 1:
            raise UserError(f"callbacks.throughput.patience={patience} must be at least 1")
        self.waiting, self.padding, self.gpu_memory = waiting, padding, gpu_memory
        self.auto = auto
        self._shares: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=patience))
        self._told: set[str] = set()
        self._reload = 0  # Lightning's own setting, kept while ours is in force

    def look(
        self, trainer: pl.Trainer, waiting: float, padding: float, gpu_memory: float | None
    ) -> None:
        """At the end of a log interval: its shares; ``gpu_memory`` of the device's that is used."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        budget = getattr(data, "frames_per_batch", None)
        if getattr(data, "clips", None) is not None:
            budget = None  # a clip is never padded, and its batches have another size
        self._shares["waiting"].append(waiting)
        self._shares["padding"].append(padding)
        if not self.auto and self._lasts("waiting", self.waiting):
            _, remedy = faster_reading(trainer)
            self._tell(trainer, "waiting", f"{self._starving()}: {remedy}")
        if budget and self._lasts("padding", self.padding):
            self._tell(
                trainer, "padding",
                f"{self._mean('padding'):.0%} of the batches is padding: "
                f"data.frames_per_batch={budget // 2} ({budget} now) brings fewer unlike lengths "
                f"together, with trainer.accumulate_grad_batches="
                f"{2 * batches_per_step(trainer, trainer.lightning_module)} as many frames a step",
            )  # fmt: skip
        if budget and gpu_memory is not None and padding <= self.padding:
            self._shares["gpu"].append(1 - gpu_memory)
            if self._lasts("gpu", 1 - self.gpu_memory):
                self._tell(
                    trainer, "gpu",
                    f"{gpu_memory:.0%} of the GPU's memory is used: data.frames_per_batch="
                    f"{2 * budget} ({budget} now) fills it better; tune=batch finds what fits",
                )  # fmt: skip

    def between_epochs(self, trainer: pl.Trainer) -> None:
        """Change how batches are read, on every rank or on none: they load together."""
        if not self.auto:
            return
        starving = self._lasts("waiting", self.waiting)
        if not trainer.strategy.reduce_boolean_decision(starving, all=False):
            return
        changes, remedy = faster_reading(trainer)
        self._tell(trainer, "" if changes else "waiting", f"{self._starving()}: {remedy}")
        own: Any = trainer
        if changes:
            own.datamodule.reconfigure(**changes)
            self._shares["waiting"].clear()
        # on every rank, changed or not: Lightning waits for all of them here
        self._reload = own.reload_dataloaders_every_n_epochs
        own.reload_dataloaders_every_n_epochs = 1

    def epoch_began(self, trainer: pl.Trainer) -> None:
        """The loaders are there."""
        if self.auto:
            trainer.reload_dataloaders_every_n_epochs = self._reload  # type: ignore[attr-defined]

    def _lasts(self, cause: str, limit: float) -> bool:
        shares = self._shares[cause]
        return cause not in self._told and len(shares) == shares.maxlen and min(shares) > limit

    def _mean(self, cause: str) -> float:
        shares = self._shares[cause]
        return sum(shares) / max(len(shares), 1)

    def _starving(self) -> str:
        return f"the device waits for data {self._mean('waiting'):.0%} of the time"

    def _tell(self, trainer: pl.Trainer, cause: str, text: str) -> None:
        self._told.add(cause)
        if trainer.is_global_zero:
            log.warning("step %d: %s", trainer.global_step, text)


def faster_reading(trainer: pl.Trainer) -> tuple[dict[str, int], str]:
    """The next thing to change of the datamodule, none where nothing is left; and in words."""
    data: Any = trainer.datamodule  # type: ignore[attr-defined]
    if not hasattr(data, "reconfigure"):
        return {}, "give its DataLoader more num_workers"
    cores = max(cores_of_this_process() // trainer.num_devices, 1)
    workers, queue = data.workers, data.prefetch
    if workers < cores:
        more = min(max(2 * workers, 1), cores)
        return {"workers": more}, f"data.workers={more} ({workers} now, {cores} cores)"
    if queue < LONGEST_QUEUE:
        more = min(2 * queue, LONGEST_QUEUE)
        return {"prefetch": more}, (
            f"data.prefetch={more} ({queue} now) bridges slow moments; data.workers={workers} is "
            f"as much as {cores} cores can do"
        )
    return {}, (
        f"data.workers={workers} is as much as {cores} cores can do: data.prepared_dir on a faster "
        "disk, or more cores"
    )


def cores_of_this_process() -> int:
    """Those it may run on, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
