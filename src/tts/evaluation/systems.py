"""What is compared: sentences, and several systems' ways of saying them."""

from typing import NamedTuple

import numpy as np

RECORDINGS = "recordings"  # the system that others are measured against


class EvaluationSentence(NamedTuple):
    """What was to be said."""

    id: str
    text: str  # "" where nobody wrote it down
    speaker: str
    language: str


class System(NamedTuple):
    """Somebody who says it: the recordings, their copies, a model."""

    name: str
    waves: list[np.ndarray | None]  # (S,) each, one per sentence; None where there is none
    aligned: bool = False  # to the recordings, sample for sample


class Spoken(NamedTuple):
    """All that is to be scored; where there are recordings, they are the first system."""

    sentences: list[EvaluationSentence]
    systems: list[System]
    baseline: str  # the system that others are compared with
    recorded: bool = True
    models: dict[str, dict[str, object]] = {}  # noqa: RUF012  what was measured beside the waves
    texts: tuple[str, ...] = ()  # of a folder's file, those that nobody says too
    problems: tuple[str, ...] = ()  # what could not be read, each with its remedy
