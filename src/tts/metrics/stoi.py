"""Short-time objective intelligibility: STOI and ESTOI."""

from tts.metrics.evaluation_sample import SPEECH_SAMPLE_RATE, EvaluationSample, resample_to_16k
from tts.metrics.measure import Measure, Statistics
from tts.metrics.optional_packages import require_package

MIN_SECONDS = 0.6  # STOI uses segments of 384 ms without silence


class STOI(Measure):
    """Short-time objective intelligibility (Taal et al. 2011), 0 to 1; higher is better.

    ``extended``: ESTOI (Jensen & Taal 2016), for modulated noise. Needs time-aligned samples, and
    saturates for good vocoders. Needs the package ``pystoi``. Cost: about 8 ms per second of audio.
    """

    label, higher_is_better, digits = "STOI", True, 3

    def __init__(self, extended: bool, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.extended = extended
        self.label = "ESTOI" if extended else "STOI"

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        if sample.reference is None or not sample.aligned:
            return None
        stoi = require_package("pystoi", self.label).stoi
        rate = sample.contract.sample_rate
        reference = resample_to_16k(sample.reference.wave, rate)
        wave = resample_to_16k(sample.wave, rate)
        count = min(len(reference), len(wave))
        if count < MIN_SECONDS * SPEECH_SAMPLE_RATE:
            return None
        value = stoi(reference[:count], wave[:count], SPEECH_SAMPLE_RATE, extended=self.extended)
        return (float(value),)
