"""Benchmark of a training step and of the alignment within it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

import tts.alignment.numba_kernels  # noqa: F401  numba's memory must not count as a step's
from tts.alignment.monotonic import monotonic_alignment_search
from tts.batch import Batch
from tts.benchmark.machine import count_gflop, peak_mib, reference_product
from tts.benchmark.random_data import random_batch, random_facts
from tts.benchmark.report import Goal, Section
from tts.benchmark.timing import PairedTimer
from tts.build import model_arguments
from tts.config.instantiate import instantiate
from tts.contract import MelContract
from tts.losses.alignment import binarization_loss, forward_sum_loss
from tts.plain_data import PlainData

STEP = 1000  # after the ramps of the loss weights, so every loss is computed
MAX_NORM = 1.0


class Shape(NamedTuple):
    """Shape of a batch."""

    utterances: int
    tokens: int
    frames: int

    def __str__(self) -> str:
        return f"{self.utterances} x {self.tokens} tokens x {self.frames} frames"


class StepRow(NamedTuple):
    size: str
    parameters: str
    gflop: float
    step_ms: float
    frames_per_s: float
    audio_s_per_s: float
    of_product_rate: float
    in_alignment: float  # share of the step
    peak_mib: float


class AlignmentRow(NamedTuple):
    part: str
    ms: float


def make_step(config: PlainData, shape: Shape, device: str, bf16: bool) -> "TrainingStep":
    """Make a training step from picklable arguments."""
    return TrainingStep(config, shape, torch.device(device), bf16)


class TrainingStep:
    """Forward, losses, backward, gradient clipping and optimizer step of an acoustic model.

    ``config``: composed, with ``model``, ``optimizer`` and ``audio``.
    """

    def __init__(self, config: PlainData, shape: Shape, device: torch.device, bf16: bool) -> None:
        contract: MelContract = instantiate(config["audio"])
        model = instantiate(model_arguments(config["model"]))(facts=random_facts(contract))
        self.model = model.to(device).train()
        self.loss = instantiate(config["model"]["loss"])
        self.optimizer = instantiate(config["optimizer"])(self.model.parameters())
        self.batch = random_batch(*shape, contract.bands, device)
        self.autocast = torch.autocast(device.type, torch.bfloat16, enabled=bf16)
        self.audio_seconds = shape.utterances * shape.frames * contract.hop / contract.sample_rate

    def __call__(self) -> None:
        with self.autocast:
            total = self.loss(self.model(self.batch), self.batch, STEP).total
        self.optimizer.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), MAX_NORM)
        self.optimizer.step()


def benchmark_training_step(
    timer: PairedTimer, bf16: bool, shape: Shape, configs: Mapping[str, PlainData]
) -> Section:
    """Time a step of each model size, the reference product and the alignment."""
    rows = []
    dtype = torch.bfloat16 if bf16 else torch.float32
    product = reference_product(dtype, timer.device)
    parts = alignment_parts(shape, timer.device)
    for size, config in configs.items():
        task = make_step(config, shape, str(timer.device), bf16)
        gflop = count_gflop(task)
        times = timer.compare(
            {
                "product": product,
                "step": task,
                "search": parts["search"],
                "forward sum": parts["forward sum"],
            }
        )
        rate = gflop / product.gflop * times.ratio("product", "step")
        rows.append(
            StepRow(
                size,
                f"{sum(p.numel() for p in task.model.parameters()) / 1e6:.1f} M",
                gflop,
                times.milliseconds("step"),
                shape.utterances * shape.frames / times.seconds("step"),
                task.audio_seconds / times.seconds("step"),
                rate,
                times.ratio("search", "step") + times.ratio("forward sum", "step"),
                peak_mib(make_step, config, shape, str(timer.device), bf16),
            )
        )
        del task
    goals = [
        Goal(f"share of alignment in a {row.size} step", row.in_alignment, 0.10) for row in rows
    ]
    kind = "bf16" if bf16 else "fp32"
    return Section("training_step", f"Training step: {shape}, {kind}", rows, goals)


def benchmark_alignment(timer: PairedTimer, shape: Shape) -> Section:
    """Time the alignment search and losses; the losses forward and backward."""
    parts = alignment_parts(shape, timer.device)
    times = timer.compare(parts)
    rows = [AlignmentRow(name, times.milliseconds(name)) for name in parts]
    goal = Goal("forward-sum in ms", times.milliseconds("forward sum"), 20.0)
    return Section("alignment", f"Alignment: {shape}", rows, [goal])


def alignment_parts(shape: Shape, device: torch.device) -> dict[str, Callable[[], object]]:
    """Return tasks: the search, and the losses forward and backward."""
    batch: Batch = random_batch(*shape, bands=1, device=device)
    scores = torch.randn(shape.utterances, shape.frames, shape.tokens, device=device)
    log_attention = scores.log_softmax(-1).requires_grad_()
    lengths = batch.token_lengths, batch.frame_lengths

    def forward_backward(loss: Callable[[Tensor], Tensor]) -> None:
        log_attention.grad = None
        loss(log_attention).backward()

    assert batch.durations is not None
    durations, frame_lengths = batch.durations, batch.frame_lengths
    return {
        "search": partial(monotonic_alignment_search, log_attention.detach(), *lengths),
        "forward sum": partial(forward_backward, lambda x: forward_sum_loss(x, *lengths)),
        "binarization": partial(
            forward_backward, lambda x: binarization_loss(x, durations, frame_lengths)
        ),
    }
