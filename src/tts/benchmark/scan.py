"""Benchmark of the state-space scan against a loop, and of Mamba blocks against attention."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts.benchmark.report import Goal, Section
from tts.benchmark.timing import PairedTimer
from tts.modules.attention import SelfAttention
from tts.modules.conv import ConvCore
from tts.modules.feed_forward import FeedForward
from tts.modules.mamba import Mamba, MambaCore
from tts.modules.mamba_conv import MambaConv
from tts.modules.ssd import ssd, ssd_step
from tts.modules.stack import Context, Stack

HEAD_DIM, STATE = 64, 32  # as in the configs
ATTENTION_HEADS = 4


class ScanRow(NamedTuple):
    frames: int
    sequential_ms: float
    chunked_ms: float
    times_faster: float


class BlockRow(NamedTuple):
    frames: int
    attention_layer_ms: float  # with a feed-forward of four times the width
    mamba_ms: float  # inner width twice the width, no feed-forward
    mamba_conv_ms: float  # hybrid, no feed-forward
    mamba_to_attention: float
    mamba_conv_to_attention: float


class ChunkRow(NamedTuple):
    chunk: int
    mamba_ms: float
    to_default: float


def benchmark_scan(
    timer: PairedTimer, autocast: torch.autocast, batch: int, width: int, lengths: Sequence[int]
) -> Section:
    """Time the forward pass of the chunked and the sequential scan."""
    rows = []
    for frames in lengths:
        inputs = scan_inputs(batch, frames, 2 * width, timer.device)
        with torch.no_grad(), autocast:
            times = timer.compare(
                {"loop": partial(sequential_scan, *inputs), "chunked": partial(ssd, *inputs)}
            )
        rows.append(
            ScanRow(
                frames,
                times.milliseconds("loop"),
                times.milliseconds("chunked"),
                times.ratio("loop", "chunked"),
            )
        )
    title = f"The scan, forward: batch {batch}, inner width {2 * width}, state {STATE}"
    return Section("scan", title, rows)


class ScanInputs(NamedTuple):
    """Arguments of :func:`~tts.modules.ssd.ssd`."""

    x: Tensor  # (B, T, H, P)
    dt: Tensor  # (B, T, H)
    log_decay: Tensor  # (B, T, H)
    b: Tensor  # (B, T, N)
    c: Tensor  # (B, T, N)


def scan_inputs(batch: int, frames: int, inner: int, device: torch.device) -> ScanInputs:
    """Return random inputs; the time does not depend on their values."""
    head_dim = min(HEAD_DIM, inner)
    x = torch.randn(batch, frames, inner // head_dim, head_dim, device=device)
    dt = torch.rand(x.shape[:3], device=device) * 0.1
    b, c = torch.randn(2, batch, frames, STATE, device=device)
    return ScanInputs(x, dt, -dt, b, c)


def sequential_scan(x: Tensor, dt: Tensor, log_decay: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Compute :func:`~tts.modules.ssd.ssd` frame by frame."""
    state = x.new_zeros(x.shape[0], x.shape[2], b.shape[-1], x.shape[3])
    outputs = []
    for t in range(x.shape[1]):
        y, state = ssd_step(x[:, t], dt[:, t], log_decay[:, t], b[:, t], c[:, t], state)
        outputs.append(y)
    return torch.stack(outputs, 1)


def benchmark_blocks(
    timer: PairedTimer, autocast: torch.autocast, batch: int, width: int, lengths: Sequence[int]
) -> Section:
    """Time forward and backward of one block: attention, Mamba and the hybrid, without dropout."""
    attention = partial(SelfAttention, heads=ATTENTION_HEADS)
    mamba = partial(Mamba, head_dim=HEAD_DIM, state=STATE)
    mamba_core = partial(MambaCore, expand=1.0, head_dim=HEAD_DIM, state=STATE)
    hybrid = partial(MambaConv, mamba=mamba_core, conv=ConvCore)
    layers = {
        "attention": Stack(
            width, 1, attention, feed_forward=partial(FeedForward, multiple=4.0), dropout=0.0
        ),
        "mamba": Stack(width, 1, mamba, dropout=0.0),
        "mamba_conv": Stack(width, 1, hybrid, dropout=0.0),
    }
    rows = []
    for frames in lengths:
        times = timer.compare(
            {
                name: _forward_backward(layer.to(timer.device), autocast, batch, frames, width)
                for name, layer in layers.items()
            }
        )
        rows.append(
            BlockRow(
                frames,
                times.milliseconds("attention"),
                times.milliseconds("mamba"),
                times.milliseconds("mamba_conv"),
                times.ratio("mamba", "attention"),
                times.ratio("mamba_conv", "attention"),
            )
        )
    bounds = {800: 0.70, 3200: 0.50}
    goals = [
        Goal(f"Mamba relative to attention at {row.frames} frames", row.mamba_to_attention, bound)
        for row in rows
        if (bound := bounds.get(row.frames))
    ]
    title = f"One block, forward and backward: batch {batch}, width {width}"
    return Section("block", title, rows, goals)


def benchmark_chunk_sizes(
    timer: PairedTimer,
    autocast: torch.autocast,
    batch: int,
    width: int,
    frames: int,
    sizes: Sequence[int],
) -> Section:
    """Time forward and backward of one Mamba block by chunk size."""
    default = Mamba(width).core.chunk
    chunk_sizes = sorted({default, *sizes})
    mixers = {
        size: partial(Mamba, head_dim=HEAD_DIM, state=STATE, chunk=size) for size in chunk_sizes
    }
    times = timer.compare(
        {
            str(size): _forward_backward(
                Stack(width, 1, mixer, dropout=0.0).to(timer.device), autocast, batch, frames, width
            )
            for size, mixer in mixers.items()
        }
    )
    rows = [
        ChunkRow(size, times.milliseconds(str(size)), times.ratio(str(size), str(default)))
        for size in chunk_sizes
    ]
    best = min(rows, key=lambda row: row.mamba_ms)
    # 5 % is within the noise of a median
    goal = Goal(f"chunk {default} relative to the best, {best.chunk}", 1 / best.to_default, 1.05)
    title = f"Mamba block by chunk size: {frames} frames, forward and backward"
    return Section("chunks", title, rows, [goal])


def _forward_backward(
    layer: nn.Module, autocast: torch.autocast, batch: int, frames: int, width: int
) -> Callable[[], None]:
    """Return a task: forward, and backward to weights and input."""
    weight = next(layer.parameters())
    x = torch.randn(batch, frames, width, device=weight.device, requires_grad=True)
    context = Context(mask=torch.ones(batch, frames, dtype=torch.bool, device=weight.device))
    gradient = torch.randn_like(x)

    def task() -> None:
        with autocast:
            y = layer(x, context)
        y.backward(gradient.to(y.dtype))
        x.grad = None
        layer.zero_grad()

    return task
