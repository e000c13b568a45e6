"""Benchmark of decoder steps: cost by position in the utterance and by width of the window."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import nn

from tts.benchmark.report import Section
from tts.benchmark.timing import PairedTimer
from tts.modules.attention import CausalAttention
from tts.modules.context import Context
from tts.modules.cross_attention import CrossAttention
from tts.modules.feed_forward import FeedForward
from tts.modules.mamba import Mamba, MambaCore
from tts.modules.mamba_attention import MambaAttention
from tts.modules.positional import DefaultPosition
from tts.modules.stack import MixerWithCross, Stack, StackState
from tts.modules.windowed_attention import WindowedAttention

HEADS, DEPTH, STEPS = 4, 3, 16  # steps of one measurement
MIXERS: dict[str, Callable[..., nn.Module]] = {
    "attention": partial(CausalAttention, heads=HEADS),
    "mamba": Mamba,
    "mamba_attention": partial(
        MambaAttention, mamba=MambaCore, attention=partial(CausalAttention, heads=HEADS)
    ),
}
WIDTHS = (0.05, 0.1, 0.2, 0.4)


class DecodingRow(NamedTuple):
    decoder: str
    tokens: int
    at_step: int
    ms_per_step: float


def benchmark_decoding(
    timer: PairedTimer, autocast: torch.autocast, tokens: int, width: int, lengths: Sequence[int]
) -> Section:
    """Time decoder steps of one utterance after each of ``lengths`` steps, for every mixer, and of
    windowed cross-attention over a text of ``lengths`` tokens, for several widths of the window.
    """
    rows = []
    with torch.inference_mode(), autocast:
        for length in lengths:
            tasks = {name: _mixer_task(name, tokens, width, length, timer) for name in MIXERS}
            times = timer.compare(tasks)
            for name in tasks:
                ms = times.milliseconds(name) / STEPS
                rows.append(DecodingRow(f"{name} mixer", tokens, length, ms))
        for length in lengths:
            tasks = {f"window {w:g}": _window_task(w, length, width, timer) for w in WIDTHS}
            times = timer.compare(tasks)
            for name in tasks:
                rows.append(DecodingRow(name, length, 0, times.milliseconds(name) / STEPS))
    title = f"Decoder steps: {DEPTH} blocks of {width} channels; windowed attention alone; batch 1"
    return Section("decoding", title, rows)


def _mixer_task(
    name: str, tokens: int, width: int, length: int, timer: PairedTimer
) -> Callable[[], object]:
    layers = MixerWithCross(MIXERS[name], partial(CrossAttention, heads=HEADS))
    stack = Stack(width, DEPTH, layers, partial(FeedForward, multiple=4), DefaultPosition)
    stack = stack.to(timer.device).eval()
    memory = torch.randn(1, tokens, width, device=timer.device)
    x = torch.randn(1, width, device=timer.device)
    state = stack.initial_state(1, memory)
    for _ in range(length):
        _, state = stack.step(x, state)

    def steps(state: StackState = state) -> None:
        for _ in range(STEPS):
            _, state = stack.step(x, state)

    return steps


def _window_task(share: float, tokens: int, width: int, timer: PairedTimer) -> Callable[[], object]:
    layer = WindowedAttention(width, HEADS, share).to(timer.device).eval()
    memory = torch.randn(1, tokens, width, device=timer.device)
    mask = torch.ones(1, 0, dtype=torch.bool, device=timer.device)
    state = layer.initial_state(1, Context(mask, memory))
    x = torch.randn(1, width, device=timer.device)

    def steps() -> None:
        for _ in range(STEPS):
            layer.step(x, state)

    return steps
