"""Batch size search: the largest batch that fits in memory, ``train.py tune=batch``."""

import gc
import logging
from collections.abc import Callable

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.utilities.memory import is_oom_error
from torch.utils.data import DataLoader

from tts.bounds import Count, Positive, ShareBelowOne
from tts.data.datamodule import SpeechDataModule
from tts.data.dataset import SpeechDataset
from tts.data.sampler import FrameBudgetSampler
from tts.errors import UserError
from tts.memory import peak, restart_peak
from tts.systems.gan import GANSystem

log = logging.getLogger(__name__)
GIB = 2**30
TOLERANCE = 20  # the answer is at most a 1/TOLERANCE below the largest that fits


class LargestBatch:
    """Finds ``data.frames_per_batch`` by doubling and bisecting.

    A trial builds the system anew and takes two rounds of real steps on the batches that need most
    memory; nothing of it is kept. It fits when its peak leaves the share ``headroom`` of
    ``memory`` GiB free. On a GPU, what torch's allocator reserves is measured, and running out of
    memory counts as not fitting. On a CPU (Linux), it is the growth of the process's resident
    memory since before the first trial, and a trial may take up to twice the limit. An epoch keeps
    at least ``batches`` batches.
    """

    def __init__(
        self, memory: Positive | None = None, headroom: ShareBelowOne = 0.1, batches: Count = 10
    ) -> None:
        if not 0 <= headroom < 1 or batches < 1 or (memory is not None and memory <= 0):
            raise UserError(
                f"tune: headroom={headroom} must lie between 0 and 1, batches={batches} and "
                f"memory={memory} above 0"
            )
        self.memory, self.headroom, self.batches = memory, headroom, batches

    def __call__(
        self, data: SpeechDataModule, build: Callable[[], pl.LightningModule], trainer: pl.Trainer
    ) -> int:
        """Return the largest ``frames_per_batch`` that fits.

        ``build`` makes the system to train, ``trainer`` is the one it will be trained with. Raises
        UserError where not even the longest utterance fits.
        """
        if data.clips is not None:
            raise UserError("tune=batch works on full utterances: set data.clips.per_batch instead")
        if trainer.world_size > 1:
            raise UserError("tune=batch measures one device: trainer.devices=1, trainer=gpu or cpu")
        meter = meter_of(trainer.strategy.root_device, self.memory)
        part = data.dataset("train")
        lengths = part.frame_lengths
        used = 0.0  # GiB that the latest trial took

        def fits(budget: int) -> bool:
            nonlocal used
            used = attempt(part, hardest(lengths, budget, data.seed), build, trainer, meter)
            log.info("tune=batch: %d frames take %s", budget, _gib(used))
            return used <= (1 - self.headroom) * meter.limit

        longest = int(lengths.max())
        most = max(int(lengths.sum(dtype=np.int64)) // self.batches, longest)
        found = largest(fits, longest, most)
        meter.restart()  # the training starts with all memory free and a peak of its own
        allowed = f"{meter.limit:.2f} GiB with {self.headroom:.0%} of them free"
        if not found:
            name = part.row(int(lengths.argmax())).id
            raise UserError(
                f"tune=batch: not even the longest utterance, {name} of {longest} frames, "
                f"fits in {allowed}: it takes {_gib(used)}; lower "
                "data.prepare.max_seconds, or choose a smaller model/size"
            )
        why = f"fits in {allowed}" if found < most else f"leaves an epoch {self.batches} batches"
        log.info("tune=batch: data.frames_per_batch=%d is the most that %s", found, why)
        return found


def _gib(amount: float) -> str:
    return "more than there is" if amount == float("inf") else f"{amount:.2f} GiB"


class RamMeter:
    """Growth of this process's resident memory since the meter was made, in GiB."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.before = restart_peak()

    def restart(self) -> None:
        gc.collect()
        restart_peak()

    def read(self) -> float:
        return peak() - self.before


class GpuMeter:
    """Memory that torch's allocator reserves on a GPU, in GiB."""

    def __init__(self, device: torch.device, limit: float | None) -> None:
        self.device = device
        self.restart()
        free = (torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device)) / GIB
        self.limit = min(limit or free, free)

    def restart(self) -> None:
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(self.device)

    def read(self) -> float:
        return torch.cuda.max_memory_reserved(self.device) / GIB


def meter_of(device: torch.device, limit: float | None) -> RamMeter | GpuMeter:
    """Return the memory meter of ``device``; ``limit`` in GiB."""
    if device.type == "cuda":
        return GpuMeter(device, limit)
    if limit is None:
        raise UserError("tune=batch on a CPU needs a limit in GiB: tune.memory=8")
    try:
        return RamMeter(limit)
    except OSError as error:
        raise UserError("tune=batch on a CPU needs Linux's /proc to measure memory") from error


def largest(fits: Callable[[int], bool], least: int, most: int) -> int:
    """Return the largest number in [least, most] that fits, to within 5 %; 0 where none does."""
    if not fits(least):
        return 0
    low = least
    while low < most:
        high = min(2 * low, most)
        if not fits(high):
            break
        low = high
    else:
        return low
    while high - low > max(low // TOLERANCE, 1):
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def hardest(lengths: np.ndarray, budget: int, seed: int) -> list[list[int]]:
    """Return a budget's batches with the longest utterance, the most frames, the most rows."""
    batches = list(FrameBudgetSampler(lengths, budget, seed, shuffle=False))
    costs: list[Callable[[list[int]], int]] = [
        lambda batch: int(lengths[batch].max()),
        lambda batch: int(lengths[batch].max()) * len(batch),
        len,
    ]
    return [max(batches, key=cost) for cost in costs]


class StopAfter(pl.Callback):
    """Ends a training after so many epochs, without changing the length of its schedules."""

    def __init__(self, epochs: int) -> None:
        self.left = epochs

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.left -= 1
        trainer.should_stop = self.left == 0


def attempt(
    part: SpeechDataset,
    batches: list[list[int]],
    build: Callable[[], pl.LightningModule],
    like: pl.Trainer,
    meter: RamMeter | GpuMeter,
) -> float:
    """Return the peak in GiB of training a new system on ``batches`` twice; infinite if it fails.

    Twice, because optimizers allocate their state in the first step, after its peak.
    """
    meter.restart()
    device = like.strategy.root_device
    trainer = pl.Trainer(
        accelerator=device.type,
        devices=1 if device.index is None else [device.index],
        precision=like.precision,
        max_steps=like.max_steps,
        max_epochs=-1,
        gradient_clip_val=like.gradient_clip_val,
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[StopAfter(2)],
    )
    try:
        system = build()
        if isinstance(system, GANSystem):
            system.adversarial_from_step = 0  # the discriminators need memory sooner or later
        trainer.fit(system, DataLoader(part, batch_size=None, sampler=batches), [])
    except RuntimeError as error:
        if not (isinstance(error, torch.OutOfMemoryError) or is_oom_error(error)):
            raise
        return float("inf")
    return meter.read()
