"""Comparison of runs: their overrides and results as a table, CSV, bar chart and HParams."""

import csv
import io
import logging
import math
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tts.console import console
from tts.containment import require_links_inside
from tts.errors import UserError
from tts.files import FileError, named_errors, printable, write_bytes, write_text
from tts.plain_data import PlainData, read_json, read_yaml
from tts.training.comparison_page import COSTS, PageRun, comparison_page
from tts.training.summary import SUMMARY

# facts of a run in the order of the columns
FIXED = ("status", "parameters", "steps", "frames_per_second", "seconds")
WRITTEN = ("comparison.csv", "comparison.png", "comparison.html", "comparison")
FEW, LINE = 3, 60  # overrides in a bar's label; characters of a line of the bar chart
HEADS = {"frames_per_second": "frames/s"}
# overrides that are no columns: they change no result, or are named by others
HIDDEN_OVERRIDES = ("experiment", "name", "sweep", "resume", "hydra.run.dir")


class RunRow(NamedTuple):
    """One run, a row of the table."""

    folder: Path
    overrides: dict[str, str]
    facts: PlainData  # FIXED, error, higher_is_better
    metrics: dict[str, float]


class Comparison(NamedTuple):
    """The runs, and the columns of their table."""

    rows: list[RunRow]
    swept: list[str]  # overrides that differ between the runs
    metrics: list[str]
    best: str | None  # the monitored metric, best/...
    higher_is_better: bool = False


def compare(folders: Sequence[str], out: str | None = None) -> Comparison:
    """Collect the runs in ``folders``, write the comparison to ``out`` and print its table."""
    paths = [Path(folder) for folder in folders]
    target = Path(out) if out else paths[0]
    comparison = write(collect(paths), target)
    print_table(comparison, target)
    return comparison


def collect(folders: Iterable[Path]) -> Comparison:
    """Collect the runs in or below ``folders``. Raises UserError when there is none."""
    found: dict[Path, None] = {}
    folders = list(folders)
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder}: there is no such folder")
        for path in [folder / ".hydra", *folder.glob("**/.hydra")]:
            if path.is_dir():
                found[path.parent] = None
    rows = [_row(folder) for folder in sorted(found, key=_natural_order)]
    if not rows:
        raise UserError(f"{', '.join(map(str, folders))}: no runs of train.py in it")
    keys = list(dict.fromkeys(key for row in rows for key in row.overrides))
    swept = [key for key in keys if len({row.overrides.get(key) for row in rows}) > 1]
    metrics = sorted({name for row in rows for name in row.metrics}, key=_importance)
    best = next((name for name in metrics if name.startswith("best/")), None)
    higher = any(row.facts.get("higher_is_better") for row in rows)
    return Comparison(rows, swept, metrics, best, higher)


def write(comparison: Comparison, folder: Path) -> Comparison:
    """Write ``comparison.csv``, ``.png``, ``.html`` and TensorBoard's HParams into ``folder``."""
    require_links_inside(folder, "give --out FOLDER", WRITTEN)
    content = io.StringIO(newline="")
    table = csv.writer(content)
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
    write_text(folder / "comparison.csv", content.getvalue())
    _bar_chart(comparison, folder / "comparison.png")
    write_text(folder / "comparison.html", _page(comparison, folder))
    with named_errors(folder / "comparison"):
        _write_hparams(comparison, folder / "comparison")
    return comparison


def _page(comparison: Comparison, folder: Path) -> str:
    """Return the HTML page of a comparison: a scatter and a table of all runs."""
    short = short_keys(comparison.swept)
    runs = []
    for row in comparison.rows:
        chosen = {short[key]: row.overrides[key] for key in short if key in row.overrides}
        facts = {key: row.facts[key] for key in COSTS if key in row.facts}
        values = {
            name: float(value) for name, value in (facts | row.metrics).items()
            if math.isfinite(value)
        }  # fmt: skip
        runs.append(PageRun(_name(row), str(row.facts.get("status", "")), chosen, values))
    best = [comparison.best] if comparison.best else []
    metrics = [*best, *(name for name in comparison.metrics if name not in best)]
    return comparison_page(f"{folder.name}: {len(runs)} runs", runs, list(short.values()), metrics)


def print_table(comparison: Comparison, folder: Path) -> None:
    """Print the table with the monitored metric, a few of ``metrics/`` and the loss.

    Where the overrides do not fit beside the results, they are listed below, a run at a time.
    """
    from rich.text import Text

    from tts.console_tables import Column, fits, print_table

    metrics = [comparison.best] if comparison.best else []
    metrics += [m for m in comparison.metrics if m.startswith("metrics/")][:4]
    metrics += [m for m in comparison.metrics if m == "val/loss"]
    rows = comparison.rows
    runs = Column("run", [_name(row) for row in rows], right=False)
    swept = [
        Column(
            heading.replace("_", " "),
            [_format(_parse(row.overrides.get(key, "–"))) for row in rows],
            right=False,
        )
        for key, heading in short_keys(comparison.swept).items()
    ]
    results = [
        Column(HEADS.get(key, key.replace("_", " ")), [_format(r.facts.get(key)) for r in rows])
        for key in FIXED
    ]
    results += [
        Column(_metric_heading(name), [_format(row.metrics.get(name)) for row in rows])
        for name in metrics
    ]
    out = console()
    beside = fits(out, [runs, *swept, *results])
    print_table(out, f"{len(rows)} runs", runs, [*swept, *results] if beside else results)
    for row in () if beside else rows:
        chosen = [f"{key}={row.overrides[key]}" for key in comparison.swept if key in row.overrides]
        out.print(
            Text.assemble((f"run {_name(row)}", "bold"), f": {' '.join(chosen) or 'defaults'}")
        )
    for row in comparison.rows:
        if error := row.facts.get("error"):
            failed = (f"run {_name(row)} {row.facts['status']}", "red")
            out.print(Text.assemble(failed, f": {' '.join(str(error).split())}"))
    out.print(f"-> {folder}/comparison.csv, .png, .html; all in TensorBoard: --logdir {folder}")


def short_keys(keys: Iterable[str]) -> dict[str, str]:
    """Return each key's last parts, as many as tell it from the others."""
    keys = list(keys)
    parts = {key: re.split(r"[./]", key) for key in keys}

    def tail(key: str) -> str:
        for count in range(1, len(parts[key])):
            if sum(other[-count:] == parts[key][-count:] for other in parts.values()) == 1:
                return ".".join(parts[key][-count:])
        return key

    return {key: tail(key) for key in keys}


def _metric_heading(name: str) -> str:
    best = "best " if name.startswith("best/") else ""
    return best + name.split("/")[-1].replace("_", " ")


def _row(folder: Path) -> RunRow:
    """Return a run's row; a file that is damaged is the row's error, and hides no other run."""
    changed: dict[str, str] = {}
    try:
        changed = _overrides(folder / ".hydra" / "overrides.yaml")
        if not (folder / SUMMARY).exists():  # killed or still running
            return RunRow(folder, changed, {"status": "unfinished"}, {})
        facts, metrics = _summary(folder / SUMMARY)
    except UserError as error:
        return RunRow(folder, changed, {"status": "damaged", "error": str(error)}, {})
    return RunRow(folder, changed, facts, metrics)


def _overrides(path: Path) -> dict[str, str]:
    """Return the overrides of a run. Raises UserError."""
    if not path.exists():
        return {}
    entries = read_yaml(path) or []
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise FileError(f"{path}: expected a list of overrides, key=value")
    pairs = [entry.partition("=") for entry in entries]
    named = {key.lstrip("+~"): value.strip("'") for key, _, value in pairs}
    return {key: value for key, value in named.items() if key not in HIDDEN_OVERRIDES}


def _summary(path: Path) -> tuple[PlainData, dict[str, float]]:
    """Return the facts and the metrics of a run's summary. Raises UserError."""
    summary = read_json(path)
    try:
        metrics = {name: float(value) for name, value in summary["metrics"].items()}
        facts: PlainData = {"status": str(summary["status"])}
        facts |= {key: float(summary[key]) for key in ("seconds",) if key in summary}
        facts |= {key: str(summary[key]) for key in ("error",) if key in summary}
        facts |= {"higher_is_better": summary.get("higher_is_better") is True}
        for key in ("parameters", "steps"):
            if key in metrics:
                facts[key] = int(metrics.pop(key))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise FileError(f"{path}: not the summary of a run ({error!r}); remove it") from error
    speed = metrics.pop("speed/frames_per_second", None)
    if speed is not None:
        facts["frames_per_second"] = round(speed, 1)
    kept = ("best/", "metrics/", "val/", "train/")
    return facts, {name: value for name, value in metrics.items() if name.startswith(kept)}


def _bar_chart(comparison: Comparison, path: Path) -> None:
    """Draw a bar for each run, the best on top."""
    if (name := comparison.best) is None:
        return
    import matplotlib

    matplotlib.use("Agg")
    logging.getLogger("matplotlib.category").setLevel(
        logging.WARNING
    )  # it warns of labels that look like numbers
    from matplotlib import pyplot as plt

    rows = [row for row in comparison.rows if math.isfinite(row.metrics.get(name, math.nan))]
    rows.sort(key=lambda row: row.metrics[name], reverse=comparison.higher_is_better)
    labels = [_label(row, comparison.swept) for row in rows]
    values = [row.metrics[name] for row in rows]
    figure, axis = plt.subplots(figsize=(8, 0.8 + 0.3 * len(rows)), layout="constrained")
    bars = axis.barh(labels, values, color="#4477aa")
    axis.bar_label(bars, fmt="%.4g", padding=3, fontsize=8)
    axis.invert_yaxis()
    axis.set_xlabel(name.removeprefix("best/") + ", best value")
    if len(comparison.swept) <= FEW:  # labels of more name them
        title = ", ".join(key.removeprefix("model/") for key in comparison.swept)
        axis.set_title(title, fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)
    axis.margins(x=0.1)
    picture = io.BytesIO()
    figure.savefig(picture, dpi=130)
    write_bytes(path, picture.getvalue())
    plt.close(figure)


def _label(row: RunRow, swept: Sequence[str]) -> str:
    """Return a bar's label: the values of a few swept overrides, of many those that were given."""
    if len(swept) <= FEW:
        return ", ".join(row.overrides.get(key, "–") for key in swept) or row.folder.name
    short = short_keys(swept)
    given = [f"{short[key]}={row.overrides[key]}" for key in swept if key in row.overrides]
    return textwrap.shorten(
        f"{_name(row)}: {', '.join(given) or 'defaults'}", LINE, placeholder="…"
    )


def _write_hparams(comparison: Comparison, folder: Path) -> None:
    """Write each run's overrides and metrics for TensorBoard's HParams page."""
    from torch.utils.tensorboard import SummaryWriter

    for row in comparison.rows:
        if not row.metrics:
            continue
        chosen = {key: _parse(row.overrides.get(key, "default")) for key in comparison.swept}
        facts = {f"run/{k}": row.facts[k] for k in FIXED[1:] if k in row.facts}
        name = printable(row.folder.name)
        where = folder / name
        for old in where.glob("events.*"):
            if old.is_file():
                old.unlink()
        with SummaryWriter(str(folder)) as writer:
            writer.add_hparams(chosen, row.metrics | facts, run_name=name)
    for empty in folder.glob("events.*"):
        if empty.is_file():
            empty.unlink()


def _parse(text: str) -> float | int | str:
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


def _natural_order(folder: Path) -> tuple[str, float, str]:
    """Sort job 10 after job 9."""
    head = folder.name.split("_")[0]
    return (str(folder.parent), int(head) if head.isdigit() else math.inf, folder.name)


def _importance(name: str) -> tuple[int, str]:
    order = ("best/", "metrics/", "val/", "train/")
    return next(i for i, prefix in enumerate(order) if name.startswith(prefix)), name


def _name(row: RunRow) -> str:
    """Return the number of a sweep's job, or another run's folder."""
    head = row.folder.name.split("_")[0]
    return head if head.isdigit() else row.folder.name


def _format(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
