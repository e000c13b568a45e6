"""Types of an evaluation: sentences, and the waveforms of the systems to compare."""

from typing import NamedTuple

import numpy as np

from tts.metrics.bootstrap import Estimate

RECORDINGS = "recordings"  # name of the system that is the reference of all others
COPY_SYNTHESIS = "copy synthesis"  # of the recordings, by the vocoder of the first model
ModelMeasurements = dict[str, float | Estimate]  # by name, in addition to the waveforms' measures


class EvaluationSentence(NamedTuple):
    """One sentence of the test set."""

    id: str
    text: str  # "" if unknown
    speaker: str
    language: str


class System(NamedTuple):
    """The waveforms of the recordings, of copy synthesis or of a model."""

    name: str
    waves: list[np.ndarray | None]  # (S,) each, one per sentence; None if missing
    aligned: bool = False  # time-aligned to the recordings


class EvaluationSet(NamedTuple):
    """Everything that is scored together."""

    sentences: list[EvaluationSentence]
    systems: list[System]  # the recordings come first, if there are any
    baseline: str  # name of the system that the others are compared with
    has_recordings: bool = True
    models: dict[str, ModelMeasurements] = {}  # noqa: RUF012
    texts: tuple[str, ...] = ()  # all texts given, with or without a waveform
    problems: tuple[str, ...] = ()  # files that were skipped, and why
