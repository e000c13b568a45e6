"""HTML page of an evaluation: one self-contained file that opens from disk."""

import math
from collections.abc import Iterable, Mapping
from html import escape
from typing import TypeVar

from tts.evaluation.cloning_table import EXPLANATION, cloning_headings, cloning_rows
from tts.evaluation.interval_plot import interval_plot
from tts.evaluation.labels import short_labels
from tts.evaluation.report_clips import Clips, Frequencies, format_number, worst_sentences
from tts.evaluation.report_style import SCRIPT, STYLE
from tts.evaluation.summary import Estimates, MeasureInfo, Report
from tts.evaluation.systems import COPY_SYNTHESIS, RECORDINGS, ModelMeasurements
from tts.evaluation.table import BETTER, MISSING, WORSE, verdict
from tts.metrics.bootstrap import Estimate
from tts.training.html_page import breakable, html_page

TRANSPOSED = 4  # more systems than this are the rows of the table, which can be sorted


Value = TypeVar("Value")


def render(
    report: Report,
    worst: list[str],
    worst_by: str | None,
    clips: Clips,
    frequencies: Frequencies = (),
) -> str:
    """Return the page; ``worst``: ids of the sentences to show with their ``clips``.

    ``frequencies``: ticks of the clips' mels. Systems have short labels; a table gives their names.
    """
    labels = short_labels(report["systems"])
    names = {label: name for name, label in labels.items()}
    report = _relabeled(report, labels)
    baseline = report["baseline"]
    title = f"{', '.join(report['runs']) or baseline}: {report['utterances']} sentences"
    parts = [
        f"<h1>{escape(title)}</h1>",
        *_runs(report, names),
        "<h2>Systems</h2>",
        "<p class=note>Means over sentences with 95 % confidence intervals (bootstrap over "
        f"sentences, seed {report['seed']}). {BETTER} and {WORSE}: significantly better or worse "
        f"than <b>{escape(baseline)}</b> on the same sentences.</p>",
        *_plots(report),
        _systems(report, report["systems"], marks=True),
        *_differences(report),
        *_groups(report, report["speakers"], "By speaker"),
        *_groups(report, report["languages"], "By language"),
        *_cloning(report),
        *_models(report["models"]),
        *worst_sentences(report, worst, worst_by, clips, names, frequencies),
        *_sentences(report),
        *_problems(report["problems"]),
    ]  # fmt: skip
    return html_page(title, parts, STYLE, SCRIPT)


def _relabeled(report: Report, labels: Mapping[str, str]) -> Report:
    """Return the report with labels in place of the systems' names."""

    def renamed(table: Mapping[str, Value]) -> dict[str, Value]:
        return {labels.get(name, name): value for name, value in table.items()}

    relabeled: Report = {
        **report,
        "runs": renamed(report["runs"]),
        "systems": renamed(report["systems"]),
        "baseline": labels.get(report["baseline"], report["baseline"]),
        "differences": renamed(report["differences"]),
        "speakers": {name: renamed(table) for name, table in report["speakers"].items()},
        "languages": {name: renamed(table) for name, table in report["languages"].items()},
        "models": renamed(report["models"]),
        "sentences": [
            {**sentence, "system": labels[sentence["system"]]} for sentence in report["sentences"]
        ],
    }
    if "cloning" in report:
        cloning = report["cloning"]
        relabeled["cloning"] = {**cloning, "systems": renamed(cloning["systems"])}
    return relabeled


def _runs(report: Report, names: Mapping[str, str]) -> Iterable[str]:
    """Yield a table of what each label stands for."""
    rows = []
    for label, name in names.items():
        run = report["runs"].get(label)
        if run is not None or label != name:
            place = f"{escape(run['path'])}, step {run['step']}" if run is not None else ""
            rows.append(f"<td>{escape(label)}<td class=name>{escape(name)}<td class=name>{place}")
    if rows:
        yield _table(["label", "name", "checkpoint"], rows, css="names")


def _plots(report: Report) -> Iterable[str]:
    """Yield a dot-and-interval plot for each measure, with recordings and copies as bands."""
    references = [name for name in (RECORDINGS, COPY_SYNTHESIS) if name in report["systems"]]
    spoken = [name for name in report["systems"] if name not in references]
    if not spoken:
        return
    keys = {RECORDINGS: "", COPY_SYNTHESIS: " copy"}
    legend = ", ".join(f"<span class='key{keys[name]}'></span> {name}" for name in references)
    bands = f"; bands: {legend}" if legend else ""
    yield f"<p class=note>Dots are means, lines their intervals{bands}.</p>"
    yield "<div class=plots>"
    for measure, info in report["measures"].items():
        of = {name: values[measure] for name, values in report["systems"].items()}
        picture = interval_plot(
            {name: of[name] for name in spoken},
            {name: of[name] for name in references},
            info["digits"],
        )
        if picture:
            unit = f", {info['unit']}" if info["unit"] else ""
            better = {"higher": " →", "lower": " ←"}.get(info["better"], "")
            caption = f"{escape(info['label'] + unit)}{f' (better{better})' if better else ''}"
            yield f"<figure><figcaption>{caption}</figcaption>{picture}</figure>"
    yield "</div>"


def _systems(report: Report, systems: Estimates, marks: bool = False) -> str:
    if len(systems) > TRANSPOSED:
        return _systems_as_rows(report, systems, marks)
    rows = []
    for name, info in report["measures"].items():
        cells = [_heading(info)]
        cells += [_system_cell(report, system, name, marks, values) for system, values in
                  systems.items()]  # fmt: skip
        rows.append("".join(cells))
    return _table(["", *systems], rows)


def _systems_as_rows(report: Report, systems: Estimates, marks: bool) -> str:
    rows = []
    for system, values in systems.items():
        cells = [f"<td>{escape(system)}"]
        cells += [_system_cell(report, system, name, marks, values) for name in report["measures"]]
        rows.append("".join(cells))
    infos = report["measures"].values()
    headings = [i["label"] + (f", {i['unit']}" if i["unit"] else "") for i in infos]
    return _table(["system", *headings], rows, css="sortable")


def _system_cell(
    report: Report, system: str, name: str, marks: bool, values: Mapping[str, Estimate]
) -> str:
    mark = verdict(report, system, name) if marks else ""
    css = {BETTER: "good", WORSE: "bad"}.get(mark, "")
    text = _estimate(values[name], report["measures"][name]["digits"])
    return f"<td class='{css}' data-value='{values[name].value}'>{text} {mark}"


def _differences(report: Report) -> Iterable[str]:
    if not report["differences"]:
        return
    rows = []
    for name, info in report["measures"].items():
        cells = [_heading(info)]
        for values in report["differences"].values():
            text = _estimate(values[name], info["digits"], sign=True)
            cells.append(f"<td>{f'<b>{text}</b>' if values[name].significant else text}")
        rows.append("".join(cells))
    yield f"<h2>Differences to {escape(report['baseline'])}</h2>"
    yield "<p class=note>Paired over sentences; bold: zero lies outside the interval.</p>"
    yield _table(["", *report["differences"]], rows)


def _groups(report: Report, groups: Mapping[str, Estimates], title: str) -> Iterable[str]:
    if not groups:
        return
    yield f"<h2>{title}</h2>"
    for name, systems in groups.items():
        yield f"<details><summary>{escape(name)}</summary>{_systems(report, systems)}</details>"


def _cloning(report: Report) -> Iterable[str]:
    """Yield the scores of cloned voices, of every system that speaks."""
    if "cloning" not in report:
        return
    cloning = report["cloning"]
    yield "<h2>How good is the clone?</h2>"
    yield f"<p class=note>{escape(EXPLANATION)}</p>"
    for system, scores in cloning["systems"].items():
        yield f"<h3>{escape(system)}</h3>"
        yield _table(
            cloning_headings(cloning),
            [
                "".join(f"<td>{escape(cell)}" for cell in row)
                for row in cloning_rows(cloning, scores)
            ],
            css="sortable",
        )


def _models(models: Mapping[str, ModelMeasurements]) -> Iterable[str]:
    if not models:
        return
    names = list(dict.fromkeys(name for values in models.values() for name in values))
    rows = []
    for name in names:
        cells = [f"<th>{escape(name.replace('_', ' '))}"]
        for values in models.values():
            value = values.get(name)
            if value is None:
                text = MISSING
            elif isinstance(value, Estimate):
                text = _estimate(value, 3)
            else:
                text = format_number(value, 4)
            cells.append(f"<td>{text}")
        rows.append("".join(cells))
    yield "<h2>Model measurements</h2>"
    yield _table(["", *models], rows)


def _sentences(report: Report) -> Iterable[str]:
    """Yield a sortable table of all sentences of the baseline."""
    measures = report["measures"]
    rows = []
    for entry in report["sentences"]:
        if entry["system"] != report["baseline"]:
            continue
        cells = [f"<td>{escape(entry['id'])}<td>{escape(entry['speaker'])}"]
        for name, info in measures.items():
            value = entry["values"].get(name)
            text = MISSING if value is None else format_number(value, info["digits"])
            cells.append(f"<td data-value='{'' if value is None else value}'>{text}")
        cells.append(f"<td class=text>{escape(entry['text'])}")
        rows.append("".join(cells))
    yield f"<h2>All sentences of {escape(report['baseline'])}</h2>"
    yield "<p class=note>Click a column heading to sort.</p>"
    headings = ["id", "speaker", *(info["label"] for info in measures.values()), "text"]
    yield _table(headings, rows, css="sortable")


def _problems(problems: list[str]) -> Iterable[str]:
    if problems:
        yield "<h2>Problems</h2><ul>"
        yield from (f"<li>{escape(problem)}" for problem in problems)
        yield "</ul>"


def _heading(info: MeasureInfo) -> str:
    unit = f", {info['unit']}" if info["unit"] else ""
    return f'<th title="{escape(info["description"])}">{escape(info["label"] + unit)}'


def _estimate(estimate: Estimate, digits: int, sign: bool = False) -> str:
    value, low, high = estimate
    if not math.isfinite(value):
        return MISSING
    form = f"{'+' if sign else ''}.{digits}f"
    return f"{value:{form}} <small>[{low:{form}}, {high:{form}}]</small>"


def _table(headings: Iterable[str], rows: Iterable[str], css: str = "") -> str:
    top = "".join(f"<th>{breakable(heading)}" for heading in headings)
    body = "\n".join(f"<tr>{row}" for row in rows)
    return (
        f"<div class=wide><table class='{css}'><thead><tr>{top}</thead>"
        f"<tbody>\n{body}</tbody></table></div>"
    )
