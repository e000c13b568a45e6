"""Short labels of systems: folder names of runs are too long for tables and axes."""

import re
from collections.abc import Iterable
from string import ascii_uppercase

LONGEST = 20  # characters of a label


def short_labels(names: Iterable[str]) -> dict[str, str]:
    """Return a label for each name, all different; names of up to LONGEST characters stay.

    Longer ones lose their date and the parts that all long names share. Where that is not enough,
    they are called run A, run B, ...
    """
    names = list(names)
    parts = {name: re.split(r"[,/]", _without_date(name)) for name in names if len(name) > LONGEST}
    shared = set.intersection(*map(set, parts.values())) if len(parts) > 1 else set()
    labels: dict[str, str] = {}
    letters = iter(ascii_uppercase)
    for name in names:
        label = name
        if name in parts:
            label = ",".join(_last_keys(p) for p in parts[name] if p not in shared)
        taken = label in labels.values() or (label != name and label in names)
        if not label or len(label) > LONGEST or taken:
            label = next((f"run {x}" for x in letters if f"run {x}" not in names), name)
        labels[name] = label
    return labels


def _without_date(name: str) -> str:
    return re.sub(r"\d{4}-\d{2}-\d{2}([_-]\d{2}-\d{2}(-\d{2})?)?_?", "", name)


def _last_keys(part: str) -> str:
    """``model.encoder.mixer=conv`` -> ``mixer=conv``."""
    key, equals, value = part.partition("=")
    return f"{re.split(r'[./]', key)[-1]}={value}" if equals else part
