"""Phone error rate of a phone recognizer that was trained here: intelligibility in any language."""

from functools import lru_cache
from typing import Any, NamedTuple

import soxr
import torch

from tts.audio.mel import mel_spectrogram
from tts.checkpoint import CheckpointError, load_run
from tts.contract import MelContract
from tts.errors import naming_key
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.intelligibility import ErrorRate, edit_distance
from tts.metrics.measure import Statistics
from tts.metrics.optional_packages import MissingPackageError
from tts.project_files import VOICES
from tts.text.errors import TextError
from tts.text.frontend import Frontend
from tts.warnings_once import warn_once

OWN = "phones"  # the recognizer that ships with the project


class PhoneErrorRate(ErrorRate):
    """Edits between what is said and the text's phones, in percent; from 0, lower is better.

    ``recognizer``: run or voice of a ``model=phone_recognizer``; None: that of the project. It
    counts letters of the phonetic alphabet, not stress, length or tone, and is skipped for
    languages that it was not trained on. It knows phones, not words, so that a text's errors are
    many more than a listener's: compare with the recordings' value. Cost: about 10 ms per second
    of audio.
    """

    label = "phone error rate"

    def __init__(self, recognizer: str | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.recognizer = recognizer

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        if not sample.text:
            return None
        recognizer = load_recognizer(self.recognizer)
        if sample.language.split("-")[0] not in recognizer.languages:
            warn_once(
                f"{self.label} is skipped for {sample.language}: its recognizer was trained on "
                f"{', '.join(sorted(recognizer.languages))}"
            )
            return None
        try:
            said = recognizer.phones(sample.text, sample.language)
        except TextError:  # of a text that nobody could read aloud
            return None
        return edit_distance(said, recognizer.recognize(sample)), len(said)


class LoadedRecognizer(NamedTuple):
    """A recognizer with the front end and the mels that it was trained with."""

    model: Any  # of model=phone_recognizer
    frontend: Frontend
    contract: MelContract
    languages: frozenset[str]  # without regions

    def phones(self, text: str, language: str) -> str:
        """Return the phones of a text that count."""
        phones: str = self.model.phones_in(self.frontend(text, language).phonemes)
        return phones

    def recognize(self, sample: EvaluationSample) -> str:
        """Return the phones that are heard in a sample."""
        wave = soxr.resample(sample.trimmed, sample.contract.sample_rate, self.contract.sample_rate)
        with torch.inference_mode():
            mel = mel_spectrogram(torch.from_numpy(wave), self.contract)
            phones: str = self.model.recognize(mel)
        return phones


@lru_cache(maxsize=2)
def load_recognizer(path: str | None) -> LoadedRecognizer:
    """Load a recognizer once per process.

    Raises MissingPackageError where the project's own is not installed, and CheckpointError for
    what is no recognizer.
    """
    if path is None and not (VOICES / OWN).is_dir():
        raise MissingPackageError(
            f"it needs a recognizer, and this installation has no voices/{OWN}: train one with "
            "`model=phone_recognizer` and set metrics.phone_error.recognizer=RUN"
        )
    source = str(VOICES / OWN) if path is None else path
    with naming_key("metrics.phone_error.recognizer", source):
        run = load_run(source)
        model = run.build()
        if not hasattr(model, "phones_in") or run.frontend is None:
            raise CheckpointError(f"{run.path} is no phone recognizer")
        facts = run.require_facts()
        frontend = Frontend.from_dict(run.frontend, None, str(run.path))
    languages = frozenset(language.split("-")[0] for language in facts.languages)
    return LoadedRecognizer(model.eval(), frontend, facts.contract, languages)
