"""State of a run from its folder: metrics so far, speed, time left; while it trains or after."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tts.config.job_summary import SUMMARY
from tts.folder_lock import is_held
from tts.plain_data import PlainDataError, read_json, read_yaml

CONFIG = "config.yaml"
EVENTS = "events.out.tfevents.*"


class RunState(NamedTuple):
    """What a run has come to."""

    name: str
    status: str  # running, done, interrupted, failed, pruned; stopped: it ended without a word
    step: int
    steps: int | None  # of the whole run; None: no limit
    metrics: dict[str, float]  # the last value of each
    age: float  # seconds since the last value was written

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the last step at the speed of the last interval; None if unknown."""
        speed = self.metrics.get("speed/steps_per_second")
        if self.status != "running" or not speed or self.steps is None:
            return None
        return max(self.steps - self.step, 0) / speed


class RunReader:
    """Reads a run folder again and again; each time only what was added to its event files."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self._loaders: dict[Path, object] = {}
        self._metrics: dict[str, float] = {}
        self._step = 0
        self._written = 0.0

    def read(self) -> RunState:
        """Return the state of now. Damaged files of a run are left out."""
        for path in sorted(self.folder.glob(EVENTS)):
            self._read_events(path)
        status = self._status()
        age = time.time() - self._written if self._written else 0.0
        steps = self._steps()
        if steps is not None:  # a resumed run can be asked for fewer steps than it has
            steps = max(steps, self._step)
        return RunState(self.name, status, self._step, steps, dict(self._metrics), age)

    def _read_events(self, path: Path) -> None:
        # TensorBoard's own reader, without its server; it takes a second to import
        from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

        loader = self._loaders.setdefault(path, LegacyEventFileLoader(str(path)))
        for event in loader.Load():  # type: ignore[attr-defined]
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    self._metrics[value.tag] = value.simple_value
                    self._step = max(self._step, event.step)
                    self._written = max(self._written, event.wall_time)

    def _status(self) -> str:
        if is_held(self.folder):
            return "running"
        try:
            summary = read_json(self.folder / SUMMARY)
            if isinstance(steps := summary.get("metrics", {}).get("steps"), int | float):
                self._step = max(self._step, int(steps))
            return str(summary["status"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError, PlainDataError):
            return "stopped"

    def _steps(self) -> int | None:
        try:
            steps = read_yaml(self.folder / CONFIG)["trainer"]["max_steps"]
        except (OSError, ValueError, LookupError, TypeError, PlainDataError):
            return None
        return steps if isinstance(steps, int) and steps > 0 else None


def find_runs(folders: list[Path]) -> Iterator[tuple[Path, str]]:
    """Yield every run in or below ``folders``, with a name that tells it from the others."""
    for folder in folders:
        for config in sorted(folder.glob(f"**/{CONFIG}")):
            run = config.parent
            if (run / "checkpoints").is_dir() or any(run.glob(EVENTS)) or is_held(run):
                inside = run.relative_to(folder)
                yield run, str(inside) if inside.parts else run.name
