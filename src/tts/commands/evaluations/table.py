"""The table on the terminal."""

import math
from typing import Any

from tts.metrics.bootstrap import Estimate

# what a row is called, and what its numbers are multiplied by
MEASURES = {
    "wer": ("word error, %", 100),
    "cer": ("character error, %", 100),
    "p808": ("DNSMOS P.808", 1),
    "overall": ("DNSMOS overall", 1),
    "pesq": ("PESQ", 1),
    "mcd": ("mel-cepstral distortion, dB", 1),
    "f0_rmse": ("F0 error, semitones", 1),
    "f0_correlation": ("F0 correlation", 1),
    "voicing_error": ("voicing error, %", 100),
    "global_variance": ("global variance, dB", 1),
    "f0_spread": ("F0 spread, semitones", 1),
}


def show(result: dict[str, Any]) -> None:
    """Print the systems row by row, and what was measured of the model itself."""
    from rich.console import Console
    from rich.table import Table

    systems = result["systems"]
    table = Table(title=f"{result['utterances']} sentences, [95 % interval]")
    table.add_column("")
    for system in systems:
        table.add_column(system, justify="right")
    for name, (head, factor) in MEASURES.items():
        cells = [_cell(row[name], factor) for row in systems.values()]
        if any(cell != "–" for cell in cells):
            table.add_row(head, *cells)
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
