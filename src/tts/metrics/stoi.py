"""STOI: how much of the modulation that carries words is left of the recording."""

from typing import Any

from tts.metrics.evaluation_sample import SPEECH_RATE, EvaluationSample, resample
from tts.metrics.measure import Measure, Row
from tts.metrics.optional_packages import require_package

SHORTEST = 0.6  # seconds: the measure looks at 384 ms at a time, silence left out


class Stoi(Measure):
    """Short-time objective intelligibility (Taal et al. 2011), 0 to 1; higher is better.

    ``extended``: ESTOI (Jensen & Taal 2016), which noise that comes and goes cannot fool. Of
    aligned copies alone, and saturated for good ones. About 8 ms per second of audio.
    """

    label, higher_is_better, digits = "STOI", True, 3

    def __init__(self, extended: bool = False, **settings: Any) -> None:
        super().__init__(**settings)
        self.extended = extended
        self.label = "ESTOI" if extended else "STOI"

    def row(self, take: EvaluationSample) -> Row | None:
        if take.reference is None or not take.aligned:
            return None
        stoi = require_package("pystoi", self.label).stoi
        real, ours = (
            resample(w, take.contract.sample_rate) for w in (take.reference.wave, take.wave)
        )
        count = min(len(real), len(ours))
        if count < SHORTEST * SPEECH_RATE:
            return None
        return (float(stoi(real[:count], ours[:count], SPEECH_RATE, extended=self.extended)),)
