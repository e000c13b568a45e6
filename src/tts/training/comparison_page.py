"""HTML page of a comparison of runs: a scatter of quality against cost, and a sortable table."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from tts.training.html_page import breakable, html_page

# what a run costs, along the horizontal axis
COSTS = {"parameters": "parameters", "frames_per_second": "frames per second in training",
         "seconds": "seconds of training"}  # fmt: skip
STYLE = """
.plot { position: relative; max-width: 46rem }
.plot svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; display: block }
.plot text { fill: currentColor } .plot line { stroke: currentColor; opacity: .25 }
.plot circle { stroke: Canvas; stroke-width: 1.5; cursor: pointer }
.plot circle:focus { outline: none; stroke: currentColor; stroke-width: 2.5 }
.plot output { position: absolute; pointer-events: none; background: Canvas; color: CanvasText;
  border: 1px solid var(--line); border-radius: 6px; padding: .3rem .6rem; font-size: .8rem;
  visibility: hidden; white-space: pre-line; max-width: 20rem; box-shadow: 0 2px 8px #0003 }
label { margin-right: 1.2rem }
tr.chosen td { background: color-mix(in srgb, var(--dot) 25%, Canvas) }
.legend span { margin-right: 1.2rem; white-space: nowrap }
.legend i { display: inline-block; width: .7em; height: .7em; border-radius: 50% }
"""
SCRIPT = """
const data = JSON.parse(document.getElementById('data').textContent);
const colors = ['#3b6fb6', '#d9822b', '#2f8f5b', '#b5477d', '#7a5bc0', '#4aa3b8', '#a08a2c',
  '#888'];
const svg = document.querySelector('.plot svg'), tip = document.querySelector('.plot output');
const pick = name => document.querySelector(`select[name=${name}]`);
const W = 640, H = 380, L = 70, R = 20, T = 15, B = 45;
const make = (tag, values, text) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const key in values) node.setAttribute(key, values[key]);
  if (text !== undefined) node.textContent = text;
  svg.append(node);
  return node;
};
const ticks = (low, high) => {
  const raw = (high - low) / 4, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map(f => f * power).find(s => s >= raw), found = [];
  for (let n = Math.ceil(low / step); n * step <= high; n++) found.push(n * step);
  return found;
};
const short = new Intl.NumberFormat('en', {notation: 'compact', maximumSignificantDigits: 4});
const legend = document.querySelector('.legend');
function draw() {
  const x = pick('cost').value, y = pick('quality').value, key = pick('color').value;
  const runs = data.runs.filter(r => isFinite(r.values[x] ?? NaN) && isFinite(r.values[y] ?? NaN));
  svg.replaceChildren(); legend.replaceChildren(); tip.style.visibility = 'hidden';
  if (!runs.length) return make('text', {x: L, y: 60}, 'No run has both values.');
  const range = name => {
    const values = runs.map(r => r.values[name]), low = Math.min(...values);
    const high = Math.max(...values), margin = (high - low) * .08 || Math.abs(high) * .05 || 1;
    return [low - margin, high + margin];
  };
  const [x0, x1] = range(x), [y0, y1] = range(y);
  const px = v => L + (W - L - R) * (v - x0) / (x1 - x0);
  const py = v => H - B - (H - T - B) * (v - y0) / (y1 - y0);
  for (const v of ticks(x0, x1)) {
    make('line', {x1: px(v), x2: px(v), y1: T, y2: H - B});
    make('text', {x: px(v), y: H - B + 16, 'text-anchor': 'middle'}, short.format(v));
  }
  for (const v of ticks(y0, y1)) {
    make('line', {x1: L, x2: W - R, y1: py(v), y2: py(v)});
    make('text', {x: L - 8, y: py(v) + 4, 'text-anchor': 'end'}, short.format(v));
  }
  make('text', {x: (L + W - R) / 2, y: H - 6, 'text-anchor': 'middle'}, data.costs[x]);
  make('text', {transform: `translate(16 ${(T + H - B) / 2}) rotate(-90)`,
    'text-anchor': 'middle'}, y);
  const kinds = [...new Set(runs.map(r => r.overrides[key] ?? 'default'))].sort();
  if (key) for (const [n, kind] of kinds.entries()) {
    const item = document.createElement('span'), dot = document.createElement('i');
    dot.style.background = colors[Math.min(n, 7)];
    item.append(dot, ` ${kind}`); legend.append(item);
  }
  for (const run of runs) {
    const n = key ? kinds.indexOf(run.overrides[key] ?? 'default') : 0;
    const place = {cx: px(run.values[x]), cy: py(run.values[y]), r: 6, tabindex: 0,
      fill: colors[Math.min(n, 7)]};
    const dot = make('circle', place), row = document.getElementById(`run-${run.number}`);
    const lines = Object.entries(run.overrides).map(([k, v]) => `${k}=${v}`);
    const text = [run.name, ...lines, `${y}: ${run.values[y]}`, `${x}: ${run.values[x]}`];
    dot.setAttribute('aria-label', text.join(', '));
    const show = () => {
      tip.textContent = text.join('\\n');
      const left = place.cx / W;
      tip.style.top = 100 * place.cy / H + '%';
      tip.style.left = left < .6 ? `calc(${100 * left}% + 12px)` : 'auto';
      tip.style.right = left < .6 ? 'auto' : `calc(${100 - 100 * left}% + 12px)`;
      tip.style.visibility = 'visible';
      row.classList.add('chosen');
    };
    const hide = () => { tip.style.visibility = 'hidden'; row.classList.remove('chosen'); };
    dot.onmouseenter = dot.onfocus = show;
    dot.onmouseleave = dot.onblur = hide;
  }
}
for (const name of ['cost', 'quality', 'color']) pick(name).onchange = draw;
draw();
"""


class PageRun(NamedTuple):
    """What the page shows of a run."""

    name: str  # short
    status: str
    overrides: Mapping[str, str]
    values: Mapping[str, float]  # finite numbers by name, costs and metrics


def comparison_page(
    title: str, runs: Sequence[PageRun], swept: Sequence[str], metrics: Sequence[str]
) -> str:
    """Return the page; ``swept``: overrides that differ; ``metrics``: the first is shown first."""
    costs = {key: text for key, text in COSTS.items() if any(key in run.values for run in runs)}
    numbers = [*costs, *metrics]
    head = ["run", "status", *swept, *numbers]
    rows = []
    for number, run in enumerate(runs):
        cells = [escape(run.name), escape(run.status)]
        cells += [escape(run.overrides.get(key, "–")) for key in swept]
        cells += [_number(run.values.get(key)) for key in numbers]
        values = ["", "", *([""] * len(swept)), *(run.values.get(key, "") for key in numbers)]
        row = "".join(
            f"<td{f' data-value={value}' if value != '' else ''}>{cell}"
            for cell, value in zip(cells, values, strict=True)
        )
        rows.append(f"<tr id=run-{number}>{row}")
    data = {
        "costs": costs,
        "runs": [
            {
                "number": number,
                "name": run.name,
                "overrides": dict(run.overrides),
                "values": dict(run.values),
            }
            for number, run in enumerate(runs)
        ],
    }
    shown = json.dumps(data).replace("<", "\\u003c")  # ends no element
    scatter = [
        f"<p>{_select('quality', metrics)}{_select('cost', list(costs))}"
        f"{_select('color', ['', *swept], chosen=swept[0] if swept else '')}</p>",
        "<div class=plot><svg viewBox='0 0 640 380'></svg><output></output></div>",
        "<p class=legend></p>",
        "<p class='note help'>Point at a run to see its overrides.</p>",
        f"<script id=data type=application/json>{shown}</script>",
    ]
    plotted = bool(costs) and bool(metrics)
    parts = [
        f"<h1>{escape(title)}</h1>",
        *(scatter if plotted else []),
        "<p class='note help'>Click a column heading to sort.</p>",
        "<div class=wide><table class=sortable><thead><tr>"
        + "".join(f"<th>{breakable(name)}" for name in head)
        + "</thead><tbody>" + "\n".join(rows) + "</tbody></table></div>",
    ]  # fmt: skip
    return html_page(title, parts, STYLE, SCRIPT if plotted else "")


def _select(name: str, options: Sequence[str], chosen: str = "") -> str:
    items = "".join(
        f"<option value='{escape(option)}'{' selected' if option == chosen and chosen else ''}>"
        f"{escape(option or 'none')}"
        for option in options
    )
    return f"<label>{name} <select name={name}>{items}</select></label>"


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"
