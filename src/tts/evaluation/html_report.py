"""HTML page of an evaluation: one self-contained file that opens from disk."""

import math
import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from html import escape
from typing import NamedTuple

from tts.evaluation.summary import Estimates, MeasureInfo, Report
from tts.evaluation.systems import ModelMeasurements
from tts.evaluation.table import BETTER, MISSING, WORSE, verdict
from tts.metrics.bootstrap import Estimate
from tts.metrics.language_model import split_words

CLIP_MEASURES = ("wer", "dnsmos_p808", "pesq", "mcd")  # shown below each audio clip
STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #2a8f4f; --bad: #c2452d; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.5rem }
p.note { max-width: 46rem; opacity: .8 }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: right }
thead th { overflow-wrap: anywhere; min-width: 6rem; vertical-align: bottom }
h1, p.note { overflow-wrap: anywhere } tbody th { min-width: 9rem }
th:first-child, td:first-child, td.text { text-align: left }
th:first-child, td:first-child { position: sticky; left: 0; background: Canvas; z-index: 1 }
td { white-space: nowrap } td.text { white-space: normal; min-width: 16rem }
th[title] { text-decoration: underline dotted; cursor: help }
table.sortable thead th { cursor: pointer }
small { opacity: .65 } .good { color: var(--good) } .bad { color: var(--bad) }
mark { background: #e8a33d66; color: inherit; border-radius: 3px; padding: 0 .15em }
article { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: 1rem 0 }
article .clip { display: grid; grid-template-columns: 11rem 19rem 1fr; gap: .4rem 1rem;
  align-items: center; margin: .5rem 0 }
article img { height: 80px; image-rendering: pixelated; border-radius: 4px }
article p { margin: .1rem 0 } audio { width: 100%; height: 34px }
@media (max-width: 50rem) { article .clip { grid-template-columns: 1fr } }
"""
SCRIPT = """
for (const table of document.querySelectorAll('table.sortable')) {
  table.querySelectorAll('thead th').forEach((head, column) => head.onclick = () => {
    const body = table.tBodies[0], up = head.dataset.up !== '1';
    const key = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
    const order = (a, b) => {
      const x = parseFloat(key(a)), y = parseFloat(key(b));
      return isNaN(x) || isNaN(y)
        ? isNaN(x) - isNaN(y) || key(a).localeCompare(key(b)) : x - y;
    };
    const rows = [...body.rows].sort((a, b) => up ? order(a, b) : order(b, a));
    table.querySelectorAll('thead th').forEach(h => delete h.dataset.up);
    head.dataset.up = up ? '1' : '0';
    body.append(...rows);
  });
}
"""


class AudioClip(NamedTuple):
    """Audio and mel of one waveform."""

    audio: str  # data URL of a FLAC file
    image: str  # data URL of the mel as PNG
    seconds: float


Clips = Mapping[tuple[str, str], AudioClip]  # by sentence and system


def render(report: Report, worst: list[str], worst_by: str | None, clips: Clips) -> str:
    """Return the page; ``worst``: ids of the sentences to show with their ``clips``."""
    baseline = report["baseline"]
    title = f"{', '.join(report['runs']) or baseline}: {report['utterances']} sentences"
    parts = [
        f"<h1>{escape(title)}</h1>",
        *(f"<p class=note>{escape(name)}: {escape(run['path'])}, step {run['step']}</p>"
          for name, run in report["runs"].items()),
        "<h2>Systems</h2>",
        "<p class=note>Means over sentences with 95 % confidence intervals (bootstrap over "
        f"sentences, seed {report['seed']}). {BETTER} and {WORSE}: significantly better or worse "
        f"than <b>{escape(baseline)}</b> on the same sentences.</p>",
        _systems(report, report["systems"], marks=True),
        *_differences(report),
        *_groups(report, report["speakers"], "By speaker"),
        *_groups(report, report["languages"], "By language"),
        *_models(report["models"]),
        *_worst(report, worst, worst_by, clips),
        *_sentences(report),
        *_problems(report["problems"]),
    ]  # fmt: skip
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width"><link rel=icon href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>\n"
        + "\n".join(parts)
        + f"\n<script>{SCRIPT}</script></html>\n"
    )


def _systems(report: Report, systems: Estimates, marks: bool = False) -> str:
    rows = []
    for name, info in report["measures"].items():
        cells = [_heading(info)]
        for system, values in systems.items():
            mark = verdict(report, system, name) if marks else ""
            css = {BETTER: "good", WORSE: "bad"}.get(mark, "")
            cells.append(f"<td class='{css}'>{_estimate(values[name], info['digits'])} {mark}")
        rows.append("".join(cells))
    return _table(["", *systems], rows)


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
                text = _number(value, 4)
            cells.append(f"<td>{text}")
        rows.append("".join(cells))
    yield "<h2>Model measurements</h2>"
    yield _table(["", *models], rows)


def _worst(report: Report, worst: list[str], worst_by: str | None, clips: Clips) -> Iterable[str]:
    if not worst:
        return
    measures = report["measures"]
    ranking = f" by {escape(measures[worst_by]['label'])}" if worst_by else ""
    yield f"<h2>The {len(worst)} worst sentences of {escape(report['baseline'])}{ranking}</h2>"
    for sentence in worst:
        entries = [s for s in report["sentences"] if s["id"] == sentence]
        yield f"<article id='{escape(sentence)}'>"
        yield f"<p><small>{escape(sentence)} {escape(entries[0]['speaker'])}</small></p>"
        yield f"<p>{escape(entries[0]['text'])}</p>"
        longest = max(clips[sentence, entry["system"]].seconds for entry in entries)
        for entry in entries:
            clip = clips[sentence, entry["system"]]
            numbers = ", ".join(
                f"{escape(measures[name]['label'])} {_number(value, measures[name]['digits'])}"
                for name, value in entry["values"].items()
                if name in (worst_by, *CLIP_MEASURES)
            )
            yield (
                f"<div class=clip><b>{escape(entry['system'])}</b>"
                f"<audio controls preload=none src='{clip.audio}'></audio>"
                f"<img alt='mel of {escape(sentence)}' src='{clip.image}' "
                f"style='width:{100 * clip.seconds / longest:.1f}%'></div>"
                f"<p>{mark_errors(entry['text'], entry['transcript'])} <small>{numbers}</small></p>"
            )
        yield "</article>"


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
            text = MISSING if value is None else _number(value, info["digits"])
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


def mark_errors(text: str, transcript: str) -> str:
    """Return the transcript as HTML with the words marked that differ from the text."""
    if not transcript:
        return ""
    expected, recognized = split_words(text), transcript.split()
    matcher = SequenceMatcher(None, expected, recognized, autojunk=False)
    parts = []
    for operation, i, j, k, n in matcher.get_opcodes():
        shown, correct = escape(" ".join(recognized[k:n])), escape(" ".join(expected[i:j]))
        if operation == "equal":
            parts.append(shown)
        else:
            title = f"expected: {correct}" if correct else "not in the text"
            parts.append(f"<mark title='{title}'>{shown or '[missing]'}</mark>")
    return f"<small>recognized:</small> {' '.join(parts)}"


def _heading(info: MeasureInfo) -> str:
    unit = f", {info['unit']}" if info["unit"] else ""
    return f'<th title="{escape(info["description"])}">{escape(info["label"] + unit)}'


def _breakable(heading: str) -> str:
    """Return a heading that can be broken after punctuation, as names of runs are long."""
    return re.sub(r"([,=/_]|\.(?!\d))(?=.)", r"\1<wbr>", escape(heading))


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else MISSING


def _estimate(estimate: Estimate, digits: int, sign: bool = False) -> str:
    value, low, high = estimate
    if not math.isfinite(value):
        return MISSING
    form = f"{'+' if sign else ''}.{digits}f"
    return f"{value:{form}} <small>[{low:{form}}, {high:{form}}]</small>"


def _table(headings: Iterable[str], rows: Iterable[str], css: str = "") -> str:
    top = "".join(f"<th>{_breakable(heading)}" for heading in headings)
    body = "\n".join(f"<tr>{row}" for row in rows)
    return (
        f"<div class=wide><table class='{css}'><thead><tr>{top}</thead>"
        f"<tbody>\n{body}</tbody></table></div>"
    )
