"""Controls whose values an evaluation compares: each one is a system of its own."""

import itertools
from collections.abc import Mapping, Sequence

from tts.controls import SynthesisControls


def compared_controls(values: Mapping[str, object]) -> list[SynthesisControls]:
    """Return the controls of each system, from the values by name of an evaluation's config.

    ``steps=[1,4]`` and ``stop_probability=[0,null]`` are two systems each, and so is
    ``iterations=[[4],[8,1]]``; a list of numbers alone is one for the codebooks. Several such lists
    are combined. Raises UserError for a value that its control does not accept.
    """
    lists = [_alternatives(name, values.get(name)) for name in TITLES]
    return [
        SynthesisControls.parse({**values, **dict(zip(TITLES, chosen, strict=True))})
        for chosen in itertools.product(*lists)
    ]


def titles(name: str, controls: Sequence[SynthesisControls]) -> list[str]:
    """Return a title for each of a model's controls: its name, and the values that differ."""
    several = [n for n in TITLES if len({getattr(each, n) for each in controls}) > 1]
    return [
        ", ".join(
            [name, *(TITLES[n](value) for n in several if (value := getattr(each, n)) is not None)]
        )
        for each in controls
    ]


def _alternatives(name: str, value: object) -> list[object]:
    if not isinstance(value, list | tuple):
        return [value]
    if name == "iterations" and not any(isinstance(each, list | tuple) for each in value):
        return [value]
    return list(value)


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count != 1)}"


def _rounds(iterations: int | Sequence[int]) -> str:
    counts = [iterations] if isinstance(iterations, int) else list(iterations)
    return f"{'+'.join(map(str, counts))} round{'s' * (counts != [1])}"


# in the order of a title
TITLES = {
    "steps": _steps,
    "iterations": _rounds,
    "stop_probability": lambda value: f"stop_probability={value:g}",
}
