"""Analysis of a run from its events: curves, their statistics, the time left and the warnings."""

import io
import re
import time
from pathlib import Path
from typing import NamedTuple

from tts.callbacks.support.metric_curve import MetricCurve
from tts.callbacks.support.metric_report import Steps, in_order, report_figure, report_text
from tts.containment import require_links_inside
from tts.errors import UserError
from tts.files import write_bytes, write_text
from tts.plain_data import PlainDataError, read_json, read_yaml
from tts.training.event_curves import read_curves
from tts.training.run_folder import CONFIG
from tts.training.summary import SUMMARY

WINDOW = 20  # values of which mean, deviation and trend are computed
SHOWN = 10  # warnings, the last ones
WRITTEN = ("analysis.png", "analysis.txt")
LOG_LINE = re.compile(r"^(\S+ \S+) (WARNING|ERROR) (.*)$", re.M)
NO_DIRECTION = ("learning_rate", "gradient_norm")  # neither lower nor higher is better


class RunState(NamedTuple):
    """How far a run is."""

    status: str  # done, pruned, failed, interrupted, unfinished
    planned: int  # steps; -1: no limit


def analyze(run: str, out: str | None = None) -> str:
    """Write ``analysis.png`` and ``analysis.txt`` of a run's folder to ``out``; return the text.

    Raises UserError for a folder without events.
    """
    folder = Path(run)
    if not folder.is_dir():
        raise UserError(f"{run}: there is no such folder")
    target = Path(out) if out else folder
    require_links_inside(target, "give --out FOLDER", WRITTEN)
    found = read_curves(folder)
    state = _state(folder)
    curves = {name: MetricCurve(WINDOW) for name in found.values}
    for name, points in found.values.items():
        for step, value in points:
            curves[name].add(step, value)
    curves = {name: curves[name] for name in in_order(curves) if curves[name].recent}
    statistics = {name: curve.statistics(_higher_is_better(name)) for name, curve in curves.items()}
    steps = Steps(found.step, state.planned, found.seconds)
    picture = io.BytesIO()
    report_figure({name: curve.points for name, curve in curves.items()}).savefig(picture, dpi=120)
    lines = [f"{state.status}: {_time_left(state, steps, found.written)}"]
    text = "\n".join(lines) + "\n" + report_text(statistics, steps, WINDOW) + _warnings(folder)
    write_bytes(target / WRITTEN[0], picture.getvalue())
    write_text(target / WRITTEN[1], text)
    return f"{text}-> {target}/{WRITTEN[0]}, {WRITTEN[1]}"


def _state(folder: Path) -> RunState:
    """Return a run's status and planned steps, as far as its files say them."""
    status, planned = "unfinished", -1
    try:
        if (folder / SUMMARY).is_file():
            status = str(read_json(folder / SUMMARY)["status"])
        if (folder / CONFIG).is_file():
            planned = int(read_yaml(folder / CONFIG)["trainer"]["max_steps"])
    except (PlainDataError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{folder}: not the folder of a run ({error})") from error
    return RunState(status, planned)


def _time_left(state: RunState, steps: Steps, written: float) -> str:
    """Return when an unfinished run will be done, at its speed so far."""
    if state.status != "unfinished" or steps.planned <= steps.done:
        return f"step {steps.done}"
    left = (steps.planned - steps.done) * steps.seconds / max(steps.done, 1)
    end = time.strftime("%Y-%m-%d %H:%M", time.localtime(written + left))
    ago = max(time.time() - written, 0)
    return (
        f"step {steps.done} of {steps.planned}, {_clock(left)} left, done about {end}; the last "
        f"value was written {_clock(ago)} ago"
    )


def _clock(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"


def _higher_is_better(name: str) -> bool | None:
    if name.endswith(NO_DIRECTION):
        return None
    if name.endswith("per_second") or "accuracy" in name:
        return True
    return False if name.startswith(("train/", "val/")) else None


def _warnings(folder: Path) -> str:
    """Return the last warnings and errors of the run's log."""
    found: list[str] = []
    for path in sorted(folder.glob("*.log")):
        content = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{when} {level} {rest}" for when, level, rest in LOG_LINE.findall(content)]
    if not found:
        return "\nno warnings in the log\n"
    return "\n".join([f"\n{len(found)} warnings in the log, the last:", *found[-SHOWN:]]) + "\n"
