"""Curves of a run's metrics, read from TensorBoard's event files."""

from pathlib import Path
from typing import NamedTuple

from tts.errors import UserError


class EventCurves(NamedTuple):
    """The metrics of a run."""

    values: dict[str, list[tuple[int, float]]]  # step and value, by name
    step: int  # the last
    seconds: float  # from the beginning of each file to its last value, added up
    written: float  # when the last value was written, seconds since 1970


def read_curves(folder: Path) -> EventCurves:
    """Read the scalars of a run's folder; where a resumed run repeated steps, the later count.

    Raises UserError where there are none.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    values: dict[str, list[tuple[int, float]]] = {}
    seconds = written = 0.0
    for path in sorted(folder.glob("events.out.tfevents.*"), key=lambda path: path.stat().st_mtime):
        events = EventAccumulator(str(path), {"scalars": 0}).Reload()
        names = [name for name in events.Tags()["scalars"] if "/" in name]
        scalars = {name: events.Scalars(name) for name in names}
        if not scalars:
            continue
        # events count steps from 0
        first = min(each[0].step for each in scalars.values()) + 1
        times = [event.wall_time for each in scalars.values() for event in each]
        seconds += max(times) - events.FirstEventTimestamp()
        written = max(times)
        for name, each in scalars.items():
            before = [point for point in values.get(name, []) if point[0] < first]
            values[name] = before + [(event.step + 1, event.value) for event in each]
    if not values:
        raise UserError(
            f"{folder}: no TensorBoard events of a training in it; give the folder of a run that "
            "trains with logger=tensorboard"
        )
    step = max(points[-1][0] for points in values.values())
    return EventCurves(values, step, seconds, written)
