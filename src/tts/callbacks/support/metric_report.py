"""A run on a page: a table for the terminal and a picture of its curves."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

Points = Sequence[tuple[float, float]]  # steps and values
HEADS = ("last", "mean", "spread", "trend", "best", "best_at")


def text(
    numbers: Mapping[str, Mapping[str, float]], steps: int, of: int, seconds: float, window: int
) -> str:
    """What ``MetricHistory.numbers`` holds, a line each; ``steps`` taken in ``seconds``."""
    hours, rest = divmod(int(seconds), 3600)
    goal = f" of {of}" if of > steps else ""
    lines = [
        f"{steps}{goal} steps in {hours}:{rest // 60:02d}:{rest % 60:02d}, "
        f"{steps / max(seconds, 1e-9):.3g} a second with all that is between them",
        f"mean, spread, trend: of the last {window} values; trend: the improvement over them, or "
        "the rise of what has no better",
        "",
    ]
    width = max(map(len, numbers)) + 2
    lines.append(" " * width + "".join(f"{head.replace('_', ' '):>11}" for head in HEADS))
    for name, row in numbers.items():
        lines.append(f"{name:<{width}}" + "".join(f"{_shown(h, row.get(h)):>11}" for h in HEADS))
    return "\n".join(lines) + "\n"


def _shown(head: str, value: float | None) -> str:
    if value is None:
        return "-"
    if head == "trend":
        return f"{100 * value:+.1f} %"
    return f"{value:.0f}" if head == "best_at" or abs(value) >= 1e4 else f"{value:.4g}"


def picture(curves: Mapping[str, Points]) -> Figure:
    """Losses together and by term (dashed: validation), learning rate and throughput by step."""
    hidden = ("loss", "learning_rate", "gradient_norm", "discriminator_gradient_norm")
    terms = [n for n in curves if n.startswith("train/") and n.split("/")[1] not in hidden]
    figure = Figure(figsize=(12, 7.5), layout="constrained")
    (total, parts), (rate, speed) = figure.subplots(2, 2, sharex=True)
    _draw(total, "loss", {n: curves[n] for n in ("train/loss", "val/loss") if n in curves})
    _draw(
        parts,
        "losses by term, unweighted; dashed: validation",
        {n.removeprefix("train/"): curves[n] for n in terms},
    )
    for line, name in zip(parts.get_lines(), terms, strict=True):
        validated = curves.get(name.replace("train/", "val/"), [])
        parts.plot(*_columns(validated), "--", color=line.get_color(), linewidth=1)
    for axes in (total, parts):
        _logarithmic(axes)
    _draw(rate, "learning rate", {"": curves.get("train/learning_rate", [])})
    _draw(speed, "real frames per second", {"": curves.get("speed/frames_per_second", [])})
    for axes in (rate, speed):
        axes.set_ylim(bottom=0)
        axes.set_xlabel("step")
    return figure


def _draw(axes: Any, title: str, curves: Mapping[str, Points]) -> None:
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


def _logarithmic(axes: Any) -> None:
    """Where it helps: what falls by orders of magnitude, and around 0 if something goes below."""
    values = [float(value) for line in axes.get_lines() for value in line.get_ydata()]
    if values and max(values) > 5 * (least := min(map(abs, values))):
        lowest = min(values)
        axes.set_yscale("log") if lowest > 0 else axes.set_yscale(
            "symlog", linthresh=max(0.1, least)
        )
