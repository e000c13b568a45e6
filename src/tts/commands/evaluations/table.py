"""The table on the terminal."""

import math
from typing import Any

from tts.metrics.bootstrap import Estimate


def show(result: dict[str, Any]) -> None:
    """Print the systems row by row, and what was measured of the model itself."""
    from rich.console import Console
    from rich.table import Table

    heads = {
        "wer": ("WER %", 100), "cer": ("CER %", 100), "p808": ("P808", 1), "overall": ("OVRL", 1),
        "pesq": ("PESQ", 1), "global_variance": ("GV dB", 1), "f0_spread": ("F0 sd st", 1),
    }  # fmt: skip
    rows = result["systems"].values()
    heads = {k: v for k, v in heads.items() if not all(math.isnan(row[k][0]) for row in rows)}
    table = Table(title=f"{result['utterances']} sentences, [95 % interval]")
    table.add_column("system")
    for head, _ in heads.values():
        table.add_column(head, justify="right")
    for system, row in result["systems"].items():
        cells = [_cell(row[name], factor) for name, (_, factor) in heads.items()]
        table.add_row(system, *cells)
    console = Console()
    console.print(table)
    for name, value in result["model"].items():
        text = f"{value:.4f}" if isinstance(value, float) else _cell(value, 1, 3)
        console.print(f"{name}: {text}", highlight=False)


def _cell(estimate: Estimate, factor: float, digits: int | None = None) -> str:
    value, low, high = (factor * x for x in estimate)
    if math.isnan(value):
        return "–"
    digits = digits if digits is not None else (1 if factor == 100 else 2)
    text = f"{value:.{digits}f}"
    return text if math.isnan(low) else f"{text} [{low:.{digits}f}, {high:.{digits}f}]"
