"""The machine itself: how fast it multiplies, which is what everything else is held against."""

import multiprocessing
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode, register_flop_formula

import tts.modules.ssd  # noqa: F401  its operators, which are counted below
from tts.benchmark.report import Section
from tts.benchmark.timing import PairedTimer
from tts.memory import keep_freed_memory, peak

SHAPES = {"square 1024": (1024, 1024, 1024), "linear 9600 x 256 -> 1024": (9600, 256, 1024)}


class RateRow(NamedTuple):
    product: str
    fp32_gflop_per_s: float
    bf16_gflop_per_s: float


class Product:
    """A matrix product ``(m, k) @ (n, k).T``, called to be timed."""

    def __init__(self, m: int, k: int, n: int, dtype: torch.dtype, device: torch.device) -> None:
        self.gflop = 2e-9 * m * k * n
        self.left = torch.randn(m, k, device=device).to(dtype)
        self.right = torch.randn(n, k, device=device).to(dtype)
        self.result = torch.empty(m, n, dtype=dtype, device=device)

    def __call__(self) -> None:
        torch.mm(self.left, self.right.T, out=self.result)


def yardstick(dtype: torch.dtype, device: torch.device) -> Product:
    """The product whose rate a training step is a share of."""
    return Product(*SHAPES["square 1024"], dtype, device)


def machine(watch: PairedTimer) -> Section:
    """Matrix-product rates, into memory that is there already."""
    rows = []
    for name, shape in SHAPES.items():
        products = {
            str(dtype): Product(*shape, dtype, watch.device)
            for dtype in (torch.float32, torch.bfloat16)
        }
        times = watch.compare(products)
        rates = [product.gflop / times.seconds(key) for key, product in products.items()]
        rows.append(RateRow(name, *rates))
    title = f"Matrix products: {describe(watch.device)}"
    return Section("machine", title, rows)


def describe(device: torch.device) -> str:
    """The processor, the threads and how busy it is."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].split(":")[1].strip() if models else name
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{name}, {torch.get_num_threads()} of {os.cpu_count()} cores{load}"


@register_flop_formula(torch.ops.tts.ssd)
def _scan_flop(x: Any, dt: Any, log_decay: Any, b: Any, c: Any, chunk: int, **_: Any) -> int:
    """Of the products in :func:`tts.modules.ssd.ssd_forward`, into which the counter cannot see."""
    batch, frames, heads, width = x
    state = b[-1]
    return 2 * batch * frames * (chunk * state + heads * width * (chunk + 2 * state))


@register_flop_formula(torch.ops.tts.ssd_backward)
def _scan_backward_flop(
    dy: Any, x: Any, dt: Any, log_decay: Any, b: Any, *rest: Any, **_: Any
) -> int:
    """Of those in :func:`tts.modules.ssd.ssd_backward`."""
    batch, frames, heads, width = x
    state, chunk = b[-1], rest[-1]
    inside = 3 * chunk * state + 2 * chunk * heads * width
    return 2 * batch * frames * (inside + 4 * state * heads * width)


def count_gflop(task: Callable[[], object]) -> float:
    """Of the matrix products and convolutions that a task does."""
    with FlopCounterMode(display=False) as counter:
        task()
    return counter.get_total_flops() / 1e9


def peak_mib(make_task: Callable[..., Callable[[], object]], *arguments: Any) -> float:
    """MiB that making and running a task adds, weights and optimizer state included.

    On a CPU in a fresh process, because freed memory of earlier work hides the need for new.
    ``make_task`` is a module's own function and ``arguments`` are plain data, since they travel.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_mib, (torch.get_num_threads(), make_task, *arguments))


def _peak_mib(
    threads: int, make_task: Callable[..., Callable[[], object]], *arguments: Any
) -> float:
    torch.set_num_threads(threads)
    keep_freed_memory()  # as every command does
    before, on_gpu = 1024 * peak(), torch.cuda.is_available()
    task = make_task(*arguments)
    for _ in range(2):  # the second step finds the optimizer's state in place
        task()
    if on_gpu and (used := torch.cuda.max_memory_allocated()):
        return used / 2**20
    return 1024 * peak() - before
