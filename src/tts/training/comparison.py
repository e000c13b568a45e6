"""Runs side by side: what was changed and what came of it, as table, CSV, picture and HParams."""

import csv
import json
import logging
import math
import re
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from tts.config.launch import job_failed
from tts.console import console
from tts.errors import UserError
from tts.training.summary import SUMMARY

# of a run itself, in the order of the columns
FIXED = ("status", "parameters", "steps", "frames_per_second", "seconds")
HEADS = {"frames_per_second": "frames/s"}
HIDDEN_OVERRIDES = (
    "experiment",
    "name",
    "sweep",
    "resume",
    "hydra.run.dir",
)  # overrides that change no result


class RunRow(NamedTuple):
    """One run."""

    folder: Path
    overrides: dict[str, str]
    facts: dict[str, Any]  # FIXED, and what went wrong
    metrics: dict[str, float]


class Comparison(NamedTuple):
    """The runs, and which of their numbers stand in columns."""

    rows: list[RunRow]
    swept: list[str]  # overrides that are not the same everywhere
    metrics: list[str]
    best: str | None  # the metric that the runs were to bring down or up
    higher_is_better: bool = False


class CompareRuns(Callback):
    """Hydra calls it when the jobs of a multirun are over."""

    def on_multirun_start(self, config: DictConfig, **more: Any) -> None:
        self._began = time.time()

    def on_multirun_end(self, config: DictConfig, **more: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        if list(folder.glob(f"*/{SUMMARY}")):
            comparison = write(collect([folder]), folder)
            show(comparison, folder)
            for row in comparison.rows:
                told = row.folder / SUMMARY
                if row.facts["status"] == "failed" and told.stat().st_mtime >= self._began:
                    job_failed(row.folder)


def collect(folders: Iterable[Path]) -> Comparison:
    """The runs in ``folders``, or those that they are. Raises UserError when there is none."""
    found: dict[Path, None] = {}
    folders = list(folders)
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder}: there is no such folder")
        for path in [folder / ".hydra", *folder.glob("**/.hydra")]:
            if path.is_dir():
                found[path.parent] = None
    rows = [_row(folder) for folder in sorted(found, key=_natural)]
    if not rows:
        raise UserError(f"{', '.join(map(str, folders))}: no runs of train.py in there")
    keys = list(dict.fromkeys(key for row in rows for key in row.overrides))
    swept = [key for key in keys if len({row.overrides.get(key) for row in rows}) > 1]
    metrics = sorted({name for row in rows for name in row.metrics}, key=_importance)
    best = next((name for name in metrics if name.startswith("best/")), None)
    higher = any(row.facts.get("higher_is_better") for row in rows)
    return Comparison(rows, swept, metrics, best, higher)


def write(comparison: Comparison, folder: Path) -> Comparison:
    """``comparison.csv``, ``comparison.png`` and TensorBoard's HParams into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "comparison.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["run", *comparison.swept, *FIXED, *comparison.metrics, "error"])
        for row in comparison.rows:
            table.writerow(
                [
                    row.folder.relative_to(folder) if folder in row.folder.parents else row.folder,
                    *(row.overrides.get(key, "") for key in comparison.swept),
                    *(row.facts.get(key, "") for key in FIXED),
                    *(row.metrics.get(name, "") for name in comparison.metrics),
                    row.facts.get("error", ""),
                ]
            )
    _picture(comparison, folder / "comparison.png")
    _hyperparameters(comparison, folder / "comparison")
    return comparison


def show(comparison: Comparison, folder: Path) -> None:
    """The table on the terminal: the metric that was to be improved, and the few beside it."""
    from rich.table import Table

    metrics = [comparison.best] if comparison.best else []
    metrics += [m for m in comparison.metrics if m.startswith("metrics/")][:4]
    metrics += [m for m in comparison.metrics if m == "val/loss"]
    table = Table(title=f"{len(comparison.rows)} runs")
    for head in ("run", *(re.split(r"[./]", key)[-1] for key in comparison.swept)):
        table.add_column(head.replace("_", " "), overflow="fold")
    for head in (*FIXED, *metrics):
        table.add_column(HEADS.get(head, head.split("/")[-1].replace("_", " ")), justify="right")
    for row in comparison.rows:
        table.add_row(
            _number_of(row),
            *(_shown(_number(row.overrides.get(key, "–"))) for key in comparison.swept),
            *(_shown(row.facts.get(key)) for key in FIXED),
            *(_shown(row.metrics.get(name)) for name in metrics),
        )
    out = console()
    out.print(table)
    for row in comparison.rows:
        if error := row.facts.get("error"):
            out.print(f"[red]run {_number_of(row)} failed[/red]: {error}", highlight=False)
    out.print(f"-> {folder}/comparison.csv, .png; all in TensorBoard: --logdir {folder}")


def _row(folder: Path) -> RunRow:
    overrides = folder / ".hydra" / "overrides.yaml"
    import yaml

    changed = {}
    for entry in yaml.safe_load(overrides.read_text()) or [] if overrides.is_file() else []:
        key, _, value = str(entry).partition("=")
        if key.lstrip("+~") not in HIDDEN_OVERRIDES:
            changed[key.lstrip("+~")] = value
    path = folder / SUMMARY
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        # killed, or still at it
        return RunRow(folder, changed, {"status": "unfinished"}, {})
    except ValueError as error:
        raise UserError(f"{path} is damaged ({error}): remove it") from error
    metrics = {name: float(value) for name, value in summary["metrics"].items()}
    told = ("status", "seconds", "error", "higher_is_better")
    facts: dict[str, Any] = {key: summary[key] for key in told if key in summary}
    for key in ("parameters", "steps"):
        if key in metrics:
            facts[key] = int(metrics.pop(key))
    speed = metrics.pop("speed/frames_per_second", None)
    if speed is not None:
        facts["frames_per_second"] = round(speed, 1)
    kept = ("best/", "metrics/", "val/", "train/")
    return RunRow(folder, changed, facts, {k: v for k, v in metrics.items() if k.startswith(kept)})


def _picture(comparison: Comparison, path: Path) -> None:
    """A bar per run, the best on top."""
    if (name := comparison.best) is None:
        return
    import matplotlib

    matplotlib.use("Agg")
    logging.getLogger("matplotlib.category").setLevel(logging.WARNING)  # names that are numbers
    from matplotlib import pyplot as plt

    rows = [row for row in comparison.rows if math.isfinite(row.metrics.get(name, math.nan))]
    rows.sort(key=lambda row: row.metrics[name], reverse=comparison.higher_is_better)
    labels = [
        ", ".join(row.overrides.get(key, "–") for key in comparison.swept) or row.folder.name
        for row in rows
    ]
    values = [row.metrics[name] for row in rows]
    figure, axis = plt.subplots(figsize=(8, 0.8 + 0.3 * len(rows)), layout="constrained")
    bars = axis.barh(labels, values, color="#4477aa")
    axis.bar_label(bars, fmt="%.4g", padding=3, fontsize=8)
    axis.invert_yaxis()
    axis.set_xlabel(name.removeprefix("best/") + ", the best reached")
    axis.set_title(", ".join(key.removeprefix("model/") for key in comparison.swept), fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)
    axis.margins(x=0.1)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _hyperparameters(comparison: Comparison, folder: Path) -> None:
    """A run of TensorBoard's HParams for each run here."""
    from torch.utils.tensorboard import SummaryWriter

    for row in comparison.rows:
        if not row.metrics:
            continue
        chosen = {key: _number(row.overrides.get(key, "default")) for key in comparison.swept}
        facts = {f"run/{k}": row.facts[k] for k in FIXED[1:] if k in row.facts}
        where = folder / row.folder.name
        for old in where.glob("events.*"):
            old.unlink()
        with SummaryWriter(str(folder)) as writer:
            writer.add_hparams(chosen, row.metrics | facts, run_name=row.folder.name)
    for empty in folder.glob("events.*"):
        empty.unlink()


def _number(text: str) -> float | int | str:
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


def _natural(folder: Path) -> tuple[Any, ...]:
    """Job 10 after job 9."""
    head = folder.name.split("_")[0]
    return (str(folder.parent), int(head) if head.isdigit() else math.inf, folder.name)


def _importance(name: str) -> tuple[int, str]:
    order = ("best/", "metrics/", "val/", "train/")
    return next(i for i, prefix in enumerate(order) if name.startswith(prefix)), name


def _number_of(row: RunRow) -> str:
    """A sweep's job by its number, another run by its folder."""
    head = row.folder.name.split("_")[0]
    return head if head.isdigit() else row.folder.name


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def compare(folders: Sequence[str], out: str | None = None) -> Comparison:
    """Collect, write and show."""
    paths = [Path(folder) for folder in folders]
    target = Path(out) if out else paths[0]
    comparison = write(collect(paths), target)
    show(comparison, target)
    return comparison
