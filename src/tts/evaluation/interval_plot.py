"""Dot-and-interval plots as SVG: a measure's mean and 95 % interval of every system."""

import math
from collections.abc import Mapping
from html import escape

import numpy as np

from tts.metrics.bootstrap import Estimate

WIDTH, RIGHT, ROW, TOP, BOTTOM = 380, 12, 20, 8, 24
CHARACTER = 6.6  # width of a label's character, at most
TICKS = 4


def interval_plot(
    systems: Mapping[str, Estimate], references: Mapping[str, Estimate], digits: int
) -> str:
    """Return an SVG with a row for each of ``systems``.

    ``references`` are vertical bands, the first in the color of recordings and the others in that
    of copies. Systems and references without a value are left out; "" if no system has one.
    """
    rows = {name: value for name, value in systems.items() if math.isfinite(value.value)}
    bands = {name: value for name, value in references.items() if math.isfinite(value.value)}
    if not rows:
        return ""
    low, high = _range([*rows.values(), *bands.values()])
    left = 16 + CHARACTER * max(map(len, rows))
    bottom = TOP + ROW * len(rows)

    def x(value: float) -> float:
        return left + (WIDTH - left - RIGHT) * (value - low) / (high - low)

    parts = []
    for name, estimate in bands.items():
        css = "" if name == next(iter(references)) else " copy"
        start, end = x(estimate.low), x(estimate.high)
        title = f"<title>{escape(name)}: {_text(estimate, digits)}</title>"
        parts.append(
            f"<rect class='band{css}' x='{start:.1f}' y='{TOP - 4}' "
            f"width='{max(end - start, 1):.1f}' height='{bottom - TOP + 6}'>{title}</rect>"
            f"<line class='mean{css}' x1='{x(estimate.value):.1f}' x2='{x(estimate.value):.1f}' "
            f"y1='{TOP - 4}' y2='{bottom + 2}' stroke-dasharray='3 2'/>"
        )
    for tick in _ticks(low, high):
        parts.append(
            f"<text x='{x(tick):.1f}' y='{bottom + 17}' text-anchor='middle'>{tick:g}</text>"
            f"<line class='axis' x1='{x(tick):.1f}' x2='{x(tick):.1f}' y1='{bottom + 2}' "
            f"y2='{bottom + 6}'/>"
        )
    parts.append(
        f"<line class='axis' x1='{left:.0f}' x2='{WIDTH - RIGHT}' y1='{bottom + 2}' "
        f"y2='{bottom + 2}'/>"
    )
    for number, (name, estimate) in enumerate(rows.items()):
        y = TOP + ROW * (number + 0.5)
        parts.append(
            f"<text x='{left - 8:.0f}' y='{y + 4}' text-anchor='end'>{escape(name)}</text>"
            f"<g><title>{escape(name)}: {_text(estimate, digits)}</title>"
            f"<line class='interval' x1='{x(estimate.low):.1f}' x2='{x(estimate.high):.1f}' "
            f"y1='{y}' y2='{y}'/><circle cx='{x(estimate.value):.1f}' cy='{y}' r='4'/></g>"
        )
    return f"<svg viewBox='0 0 {WIDTH} {bottom + BOTTOM}' role='img'>{''.join(parts)}</svg>"


def _range(estimates: list[Estimate]) -> tuple[float, float]:
    low = min(min(e.low, e.value) for e in estimates)
    high = max(max(e.high, e.value) for e in estimates)
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers inside the range."""
    raw = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw)
    values = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
    return [round(float(value), 10) for value in values]


def _text(estimate: Estimate, digits: int) -> str:
    return f"{estimate.value:.{digits}f} [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]"
