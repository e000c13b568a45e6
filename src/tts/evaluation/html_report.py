"""The page itself: HTML that needs nothing beside it, no server and no network."""

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from html import escape
from typing import Any, NamedTuple

from tts.evaluation.table import verdict
from tts.metrics.bootstrap import Estimate
from tts.metrics.language_model import words

NONE = "–"
STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #2a8f4f; --bad: #c2452d; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.5rem }
p.note { max-width: 46rem; opacity: .8 }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: right }
th:first-child, td:first-child, td.text { text-align: left }
th[title] { text-decoration: underline dotted; cursor: help }
table.sortable thead th { cursor: pointer }
small { opacity: .65 } .good { color: var(--good) } .bad { color: var(--bad) }
mark { background: #e8a33d66; color: inherit; border-radius: 3px; padding: 0 .15em }
article { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: 1rem 0 }
article .take { display: grid; grid-template-columns: 11rem 19rem 1fr; gap: .4rem 1rem;
  align-items: center; margin: .5rem 0 }
article img { height: 80px; image-rendering: pixelated; border-radius: 4px }
article p { margin: .1rem 0 } audio { width: 100%; height: 34px }
@media (max-width: 50rem) { article .take { grid-template-columns: 1fr } }
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
    """Something to hear and to see."""

    sound: str  # data URL of a FLAC
    picture: str  # data URL of the mel as a PNG
    seconds: float


def render(
    result: dict[str, Any],
    worst: list[str],
    by: str | None,
    clips: Mapping[tuple[str, str], AudioClip],
) -> str:
    """``result`` as plain data; ``clips``: sound and picture by sentence and system."""
    title = f"{', '.join(result['runs']) or result['baseline']}: {result['utterances']} sentences"
    parts = [
        f"<h1>{escape(title)}</h1>",
        *(f"<p class=note>{escape(n)}: {escape(r['path'])}, step {r['step']}</p>"
          for n, r in result["runs"].items()),
        "<h2>Systems</h2>",
        "<p class=note>Means over sentences with their 95 % intervals, bootstrapped over sentences "
        f"with seed {result['seed']}. ▲ and ▼: shown to be better or worse than "
        f"<b>{escape(result['baseline'])}</b>, sentence by sentence.</p>",
        _systems(result, result["systems"], marks=True),
        *_differences(result),
        *_groups(result, "speakers", "By speaker"),
        *_groups(result, "languages", "By language"),
        *_models(result["models"]),
        *_worst(result, worst, by, clips),
        *_sentences(result),
        *_problems(result["problems"]),
    ]  # fmt: skip
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width"><link rel=icon href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>\n"
        + "\n".join(parts)
        + f"\n<script>{SCRIPT}</script></html>\n"
    )


def _systems(result: dict[str, Any], systems: dict[str, Any], marks: bool = False) -> str:
    rows = []
    for name, about in result["measures"].items():
        cells = [_head(about)]
        for system, values in systems.items():
            mark = verdict(result, system, name) if marks else ""
            kind = {"▲": "good", "▼": "bad"}.get(mark, "")
            cells.append(f"<td class='{kind}'>{_cell(values[name], about['digits'])} {mark}")
        rows.append("".join(cells))
    return _table(["", *systems], rows)


def _differences(result: dict[str, Any]) -> Iterable[str]:
    if not result["differences"]:
        return
    rows = []
    for name, about in result["measures"].items():
        cells = [_head(about)]
        for values in result["differences"].values():
            value, low, high = values[name]
            text = _cell(values[name], about["digits"], sign=True)
            shown = value is not None and Estimate(value, low, high).shown
            cells.append(f"<td>{f'<b>{text}</b>' if shown else text}")
        rows.append("".join(cells))
    yield f"<h2>Differences to {escape(result['baseline'])}</h2>"
    yield "<p class=note>Paired over sentences; bold where zero lies outside the interval.</p>"
    yield _table(["", *result["differences"]], rows)


def _groups(result: dict[str, Any], key: str, title: str) -> Iterable[str]:
    if not result[key]:
        return
    yield f"<h2>{title}</h2>"
    for name, systems in result[key].items():
        yield f"<details><summary>{escape(name)}</summary>{_systems(result, systems)}</details>"


def _models(models: dict[str, Any]) -> Iterable[str]:
    if not models:
        return
    names = list(dict.fromkeys(name for values in models.values() for name in values))
    rows = []
    for name in names:
        cells = [f"<th>{escape(name.replace('_', ' '))}"]
        for values in models.values():
            value = values.get(name)
            number = f"{value:.4f}" if isinstance(value, float) else _cell(value, 3)
            cells.append(f"<td>{number}")
        rows.append("".join(cells))
    yield "<h2>Of the models themselves</h2>"
    yield _table(["", *models], rows)


def _worst(
    result: dict[str, Any],
    worst: list[str],
    by: str | None,
    clips: Mapping[tuple[str, str], AudioClip],
) -> Iterable[str]:
    if not worst:
        return
    order = f" by {escape(result['measures'][by]['label'])}" if by else ""
    yield f"<h2>The {len(worst)} worst sentences of {escape(result['baseline'])}{order}</h2>"
    for name in worst:
        takes = [s for s in result["sentences"] if s["id"] == name]
        yield f"<article id='{escape(name)}'><p><small>{escape(name)} {escape(takes[0]['speaker'])}"
        yield f"</small></p><p>{escape(takes[0]['text'])}</p>"
        longest = max(clips[name, take["system"]].seconds for take in takes)
        for take in takes:
            clip = clips[name, take["system"]]
            numbers = ", ".join(
                f"{escape(result['measures'][key]['label'])} "
                f"{value:.{result['measures'][key]['digits']}f}"
                for key, value in take["values"].items()
                if key in (by, "wer", "dnsmos_p808", "pesq", "mcd") and value is not None
            )
            yield (
                f"<div class=take><b>{escape(take['system'])}</b>"
                f"<audio controls preload=none src='{clip.sound}'></audio>"
                f"<img alt='mel of {escape(name)}' src='{clip.picture}' "
                f"style='width:{100 * clip.seconds / longest:.1f}%'></div>"
                f"<p>{compare(take['text'], take['heard'])} <small>{numbers}</small></p>"
            )
        yield "</article>"


def _sentences(result: dict[str, Any]) -> Iterable[str]:
    """Every sentence of the baseline; a click on a head sorts."""
    measures = result["measures"]
    rows = []
    for take in result["sentences"]:
        if take["system"] != result["baseline"]:
            continue
        cells = [f"<td>{escape(take['id'])}<td>{escape(take['speaker'])}"]
        for name, about in measures.items():
            value = take["values"].get(name)
            text = NONE if value is None else f"{value:.{about['digits']}f}"
            cells.append(f"<td data-value='{'' if value is None else value}'>{text}")
        cells.append(f"<td class=text>{escape(take['text'])}")
        rows.append("".join(cells))
    yield f"<h2>Every sentence of {escape(result['baseline'])}</h2>"
    yield "<p class=note>A click on a column's head sorts by it.</p>"
    heads = ["id", "speaker", *(about["label"] for about in measures.values()), "text"]
    yield _table(heads, rows, kind="sortable")


def _problems(problems: list[str]) -> Iterable[str]:
    if problems:
        yield "<h2>Left out</h2><ul>"
        yield from (f"<li>{escape(problem)}" for problem in problems)
        yield "</ul>"


def compare(text: str, heard: str) -> str:
    """The recognizer's words; marked where they are not those of the text."""
    if not heard:
        return ""
    truth, found = words(text), heard.split()
    parts = []
    for kind, i, j, k, n in SequenceMatcher(None, truth, found, autojunk=False).get_opcodes():
        said, there = escape(" ".join(found[k:n])), escape(" ".join(truth[i:j]))
        if kind == "equal":
            parts.append(said)
        else:
            parts.append(f"<mark title='{there or 'nothing was said here'}'>{said or '…'}</mark>")
    return f"<small>heard:</small> {' '.join(parts)}"


def _head(about: dict[str, Any]) -> str:
    unit = f", {about['unit']}" if about["unit"] else ""
    return f'<th title="{escape(about["about"])}">{escape(about["label"] + unit)}'


def _cell(estimate: list[float | None] | None, digits: int, sign: bool = False) -> str:
    if estimate is None or estimate[0] is None:
        return NONE
    value, low, high = estimate
    form = f"{'+' if sign else ''}.{digits}f"
    return f"{value:{form}} <small>[{low:{form}}, {high:{form}}]</small>"


def _table(heads: Iterable[str], rows: Iterable[str], kind: str = "") -> str:
    top = "".join(f"<th>{escape(head)}" for head in heads)
    body = "\n".join(f"<tr>{row}" for row in rows)
    return (
        f"<div class=wide><table class='{kind}'><thead><tr>{top}</thead>"
        f"<tbody>\n{body}</tbody></table></div>"
    )
