"""From rows to a table: estimates with their intervals, by group, and paired differences."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from tts.evaluation.scoring import Scored
from tts.evaluation.systems import Spoken
from tts.metrics.bootstrap import Estimate, difference, estimate
from tts.metrics.measure import Measure


def summarize(
    spoken: Spoken, scores: list[Scored], measures: Mapping[str, Measure], seed: int
) -> dict[str, Any]:
    """Plain data: what goes into the report, and what the terminal shows of it."""
    systems = [system.name for system in spoken.systems]
    sentences = [sentence.id for sentence in spoken.sentences]
    rows = {
        (system, name): rows_of(scores, sentences, system, name)
        for system in systems
        for name in measures
    }
    shown = {  # a measure nobody could be given has no place in a table
        name: measure
        for name, measure in measures.items()
        if any(np.isfinite(rows[system, name]).any() for system in systems)
    }

    def table(keep: np.ndarray) -> dict[str, dict[str, Estimate]]:
        return {
            system: {
                name: estimate(rows[system, name][keep], measure.finish, seed)
                for name, measure in shown.items()
            }
            for system in systems
        }

    everything = np.ones(len(sentences), dtype=bool)
    return {
        "measures": {name: describe(measure) for name, measure in shown.items()},
        "systems": table(everything),
        "speakers": _by(spoken, lambda s: s.speaker, table),
        "languages": _by(spoken, lambda s: s.language, table),
        "baseline": spoken.baseline,
        "differences": {
            system: {
                name: difference(
                    rows[system, name], rows[spoken.baseline, name], measure.finish, seed
                )
                for name, measure in shown.items()
            }
            for system in systems
            if system != spoken.baseline
        },
        "models": spoken.models,
        "sentences": [_sentence(s, shown) for s in scores],
        "problems": list(spoken.problems),
    }


def rows_of(
    scores: Iterable[Scored], sentences: list[str], system: str, measure: str
) -> np.ndarray:
    """``(sentences, K)`` of a system, nan where it was not measured."""
    found = {s.sentence.id: s.rows[measure] for s in scores if s.system == system}
    width = next((len(row) for row in found.values() if row is not None), 1)
    empty = [math.nan] * width
    return np.array([found.get(name) or empty for name in sentences], dtype=float).reshape(
        -1, width
    )


def describe(measure: Measure) -> dict[str, Any]:
    """What a reader of the numbers has to know."""
    return {
        "label": measure.label,
        "unit": measure.unit,
        "digits": measure.digits,
        "better": {True: "higher", False: "lower", None: "as the recordings"}[
            measure.higher_is_better
        ],
        "about": " ".join((measure.__doc__ or "").split()),
    }


def _by(spoken: Spoken, key: Callable[[Any], str], table: Callable[..., Any]) -> dict[str, Any]:
    """A table for each speaker or language; nothing where there is only one."""
    keys = [key(sentence) for sentence in spoken.sentences]
    names = sorted(set(keys))
    if len(names) < 2:
        return {}
    return {name: table(np.array([k == name for k in keys])) for name in names}


def _sentence(scored: Scored, measures: Mapping[str, Measure]) -> dict[str, Any]:
    values = {
        name: float(measure.finish(np.asarray(row, dtype=float)))
        for name, measure in measures.items()
        if (row := scored.rows[name]) is not None
    }
    return {
        "system": scored.system,
        **scored.sentence._asdict(),
        "heard": scored.heard,
        "values": values,
    }
