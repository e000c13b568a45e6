"""Matrix-product rate of the machine, operation counts and peak memory of a task."""

import multiprocessing
import os
import platform
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple, ParamSpec

import torch
from torch import Size
from torch.utils.flop_counter import FlopCounterMode, register_flop_formula

import tts.modules.ssd  # noqa: F401  defines the operators counted below
from tts.benchmark.report import Section
from tts.benchmark.timing import PairedTimer
from tts.child_processes import end_with_parent, this_process
from tts.memory import keep_freed_memory, peak

P = ParamSpec("P")
SHAPES = {
    "square 1024": (1024, 1024, 1024),
    "square 8192": (8192, 8192, 8192),  # fills a data-center GPU
    "linear 9600 x 256 -> 1024": (9600, 256, 1024),
}
ON_GPU = "square 8192"  # seconds on a CPU


class RateRow(NamedTuple):
    product: str
    fp32_gflop_per_s: float
    bf16_gflop_per_s: float


class MatrixProduct:
    """A matrix product ``(m, k) @ (n, k).T`` as a task, into preallocated memory."""

    def __init__(self, m: int, k: int, n: int, dtype: torch.dtype, device: torch.device) -> None:
        self.gflop = 2e-9 * m * k * n
        self.left = torch.randn(m, k, device=device).to(dtype)
        self.right = torch.randn(n, k, device=device).to(dtype)
        self.result = torch.empty(m, n, dtype=dtype, device=device)

    def __call__(self) -> None:
        torch.mm(self.left, self.right.T, out=self.result)


def reference_product(dtype: torch.dtype, device: torch.device) -> MatrixProduct:
    """Return the product whose rate a training step is compared with."""
    shape = SHAPES[ON_GPU if device.type == "cuda" else "square 1024"]
    return MatrixProduct(*shape, dtype, device)


def benchmark_machine(timer: PairedTimer) -> Section:
    """Measure matrix-product rates in fp32 and bf16."""
    rows = []
    for name, shape in SHAPES.items():
        if name == ON_GPU and timer.device.type != "cuda":
            continue
        products = {
            str(dtype): MatrixProduct(*shape, dtype, timer.device)
            for dtype in (torch.float32, torch.bfloat16)
        }
        times = timer.compare(products)
        rates = [product.gflop / times.seconds(key) for key, product in products.items()]
        rows.append(RateRow(name, *rates))
    title = f"Matrix products: {describe(timer.device)}"
    return Section("machine", title, rows)


def describe(device: torch.device) -> str:
    """Return the name of the processor, its threads and its load."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].split(":")[1].strip() if models else name
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{name}, {torch.get_num_threads()} of {os.cpu_count()} cores{load}"


@register_flop_formula(torch.ops.tts.ssd)
def _scan_flop(
    x: Size, dt: Size, log_decay: Size, b: Size, c: Size, chunk: int, **_: object
) -> int:
    """Count the products of :func:`tts.modules.ssd.ssd_forward`, opaque to torch's counter."""
    batch, frames, heads, width = x
    state = b[-1]
    return 2 * batch * frames * (chunk * state + heads * width * (chunk + 2 * state))


@register_flop_formula(torch.ops.tts.ssd_backward)
def _scan_backward_flop(
    dy: Size, x: Size, dt: Size, log_decay: Size, b: Size, *rest: Size, **_: object
) -> int:
    """Count the products of :func:`tts.modules.ssd.ssd_backward`."""
    batch, frames, heads, width = x
    state, chunk = b[-1], frames // rest[-1][1]  # the last input: the state before each chunk
    within_chunk = 3 * chunk * state + 2 * chunk * heads * width
    return 2 * batch * frames * (within_chunk + 4 * state * heads * width)


def count_gflop(task: Callable[[], object]) -> float:
    """Return the GFLOP of the matrix products and convolutions of a task."""
    with FlopCounterMode(display=False) as counter:
        task()
    return counter.get_total_flops() / 1e9


def peak_mib(
    make_task: Callable[P, Callable[[], object]], *arguments: P.args, **options: P.kwargs
) -> float:
    """Return the peak memory of making and running a task in MiB, weights and optimizer included.

    Measured in a new process, where no freed memory can be reused. ``make_task`` and its arguments
    must be picklable.
    """
    context = multiprocessing.get_context("spawn")
    with context.Pool(1, end_with_parent, (this_process(),)) as pool:
        return pool.apply(
            _peak_mib, (torch.get_num_threads(), partial(make_task, *arguments, **options))
        )


def _peak_mib(threads: int, make_task: Callable[[], Callable[[], object]]) -> float:
    torch.set_num_threads(threads)
    keep_freed_memory()  # as every command does
    before, on_gpu = 1024 * peak(), torch.cuda.is_available()
    task = make_task()
    for _ in range(2):  # the first step allocates the optimizer's state
        task()
    if on_gpu and (used := torch.cuda.max_memory_allocated()):
        return used / 2**20
    return 1024 * peak() - before
