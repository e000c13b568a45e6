"""Report of a run: a table of its metrics and a figure of their curves."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Points = Sequence[tuple[float, float]]  # steps and values
COLUMNS = ("last", "mean", "std", "trend", "best", "best_at")
LOST = ("data_stall", "padding")  # of speed/: shares of the time and of the batches
ORDER = ("train/loss", "val/loss", "train/", "val/", "metrics/", "speed/")  # in a table
NO_TERMS = ("loss", "learning_rate", "gradient_norm", "discriminator_gradient_norm")  # of train/


class Steps(NamedTuple):
    """Steps of a run and the time they took."""

    done: int
    planned: int
    seconds: float


def in_order(names: Iterable[str]) -> list[str]:
    """Return metrics in the order of a table: losses first."""
    return sorted(
        names,
        key=lambda name: next((n for n, p in enumerate(ORDER) if name.startswith(p)), len(ORDER)),
    )


def report_text(statistics: Mapping[str, Mapping[str, float]], steps: Steps, window: int) -> str:
    """Return a table of ``MetricHistory.statistics``, one metric per line."""
    hours, rest = divmod(int(steps.seconds), 3600)
    planned = f" of {steps.planned}" if steps.planned > steps.done else ""
    lines = [
        f"{steps.done}{planned} steps in {hours}:{rest // 60:02d}:{rest % 60:02d}, "
        f"{steps.done / max(steps.seconds, 1e-9):.3g} per second, validation included",
        f"mean, std, trend: of the last {window} values; trend: the improvement over them, or "
        "the rise where neither direction is better",
        "",
    ]
    width = max(map(len, statistics)) + 2
    lines.append(" " * width + "".join(f"{column.replace('_', ' '):>11}" for column in COLUMNS))
    for name, row in statistics.items():
        cells = (f"{_format(column, row.get(column)):>11}" for column in COLUMNS)
        lines.append(f"{name:<{width}}" + "".join(cells))
    return "\n".join(lines) + "\n"


def _format(column: str, value: float | None) -> str:
    if value is None:
        return "-"
    if column == "trend":
        return f"{100 * value:+.1f} %"
    return f"{value:.0f}" if column == "best_at" or abs(value) >= 1e4 else f"{value:.4g}"


def report_figure(curves: Mapping[str, Points]) -> Figure:
    """Plot total loss, its terms (dashed: validation), learning rate and throughput by step.

    Below them, where a run has them: token accuracies, gradient norms, and the shares of the time
    and of the batches that are lost.
    """
    accuracies = _named(curves, "val/", "accuracy") or _named(curves, "train/", "accuracy")
    terms = [n for n in curves if n.startswith("train/") and _is_term(n)]
    norms = _named(curves, "train/", "gradient_norm")
    lost = {n: curves[f"speed/{n}"] for n in LOST if f"speed/{n}" in curves}
    further = [("token accuracy", accuracies), ("gradient norm", norms), ("share lost", lost)]
    further = [(title, found) for title, found in further if found]
    rows = 2 + (len(further) + 1) // 2
    figure = Figure(figsize=(12, 3.75 * rows), layout="constrained")
    (total, by_term), (rate, speed), *below = figure.subplots(rows, 2, sharex=True)
    _plot(total, "loss", {n: curves[n] for n in ("train/loss", "val/loss") if n in curves})
    _plot(
        by_term,
        "losses by term, unweighted; dashed: validation",
        {n.removeprefix("train/"): curves[n] for n in terms},
    )
    for line, name in zip(by_term.get_lines(), terms, strict=True):
        validated = curves.get(name.replace("train/", "val/"), [])
        by_term.plot(*_columns(validated), "--", color=line.get_color(), linewidth=1)
    for axes in (total, by_term):
        _set_log_scale(axes)
    _plot(rate, "learning rate", {"": curves.get("train/learning_rate", [])})
    _plot(speed, "real frames per second", {"": curves.get("speed/frames_per_second", [])})
    cells = [axes for row in below for axes in row]
    for axes, (title, found) in zip(cells, further, strict=False):
        _plot(axes, title, found)
    for axes in cells[len(further) :]:
        axes.set_visible(False)
    for axes in (rate, speed, *cells):
        axes.set_ylim(bottom=0)
    for axes in figure.axes[-2:]:
        axes.set_xlabel("step")
    return figure


def _named(curves: Mapping[str, Points], prefix: str, word: str) -> dict[str, Points]:
    return {
        n.removeprefix(prefix): c for n, c in curves.items() if n.startswith(prefix) and word in n
    }


def _is_term(name: str) -> bool:
    return name.split("/")[1] not in NO_TERMS and "accuracy" not in name


def _plot(axes: Axes, title: str, curves: Mapping[str, Points]) -> None:
    for name, points in curves.items():
        mark = "." if len(points) < 3 else ""
        axes.plot(*_columns(points), marker=mark, linewidth=1.2, label=name)
    axes.set_title(title, fontsize=10, loc="left")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    if any(curves):
        axes.legend(fontsize=8, ncols=2, frameon=False)


def _columns(points: Points) -> tuple[list[float], list[float]]:
    return [step for step, _ in points], [value for _, value in points]


def _set_log_scale(axes: Axes) -> None:
    """Use a logarithmic scale for values over a wide range, symmetric if some are not above 0."""
    values = [float(y) for line in axes.get_lines() for y in np.asarray(line.get_ydata())]
    if values and max(values) > 5 * (smallest := min(map(abs, values))):
        lowest = min(values)
        axes.set_yscale("log") if lowest > 0 else axes.set_yscale(
            "symlog", linthresh=max(0.1, smallest)
        )
