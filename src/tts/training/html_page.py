"""HTML pages that open from disk: one file, light and dark, tables that can be sorted."""

import re
from collections.abc import Iterable
from html import escape

STYLE = """
:root { color-scheme: light dark; --line: #8884; --dot: light-dark(#3b5fb6, #8fb0ff) }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 78rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.5rem }
h1, p.note, td.name { overflow-wrap: anywhere } p.note { max-width: 46rem; opacity: .8 }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .8rem; border-bottom: 1px solid var(--line); text-align: right }
td { white-space: nowrap } td.text, td.name { white-space: normal; min-width: 16rem }
thead th { min-width: 6.5rem; vertical-align: bottom }
th:first-child, td:first-child { position: sticky; left: 0; background: Canvas; z-index: 1 }
th:first-child, td:first-child, td.text, td.name { text-align: left }
table.sortable thead th { cursor: pointer }
table.sortable thead th[data-up='1']::after { content: ' ▲' }
table.sortable thead th[data-up='0']::after { content: ' ▼' }
small { opacity: .65 }
@media print {
  :root { color-scheme: light } body { max-width: none; margin: 0; font-size: 11px }
  .help { display: none } .wide { overflow: visible } h2 { break-after: avoid }
  tr { break-inside: avoid } thead th, td { white-space: normal; min-width: 0 }
  * { print-color-adjust: exact }
}
"""
SORTING = """
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


def html_page(title: str, parts: Iterable[str], style: str = "", script: str = "") -> str:
    """Return a whole page; ``style`` and ``script`` come after those of this module."""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width"><link rel=icon href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}{style}</style>\n"
        + "\n".join(parts)
        + f"\n<script>{SORTING}{script}</script></html>\n"
    )


def breakable(heading: str) -> str:
    """Return a heading in HTML that can be broken after punctuation, as names are long."""
    return re.sub(r"([,=/_]|\.(?!\d))(?=.)", r"\1<wbr>", escape(heading))
