"""Word error rate of Whisper, a stronger speech recognizer, if its weights are on disk."""

import os
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import torch

from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.intelligibility import WordErrorRate
from tts.metrics.optional_packages import MissingPackageError, require_package
from tts.text.normalize import normalize


class WhisperWordErrorRate(WordErrorRate):
    """Word error rate of Whisper (Radford et al. 2022) in percent; from 0, lower is better.

    For every language that Whisper knows, without a language model of the corpus. ``weights``: a
    checkpoint of the package ``openai-whisper``; None: the largest in the package's cache folder.
    Nothing is downloaded. Cost: depends on the size of the checkpoint.
    """

    label = "word error rate (Whisper)"

    def __init__(self, weights: str | None = None, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.weights = weights

    def transcribe(self, sample: EvaluationSample) -> str | None:
        if not sample.text:
            return None
        return sample.cached(whisper_recognizer(str(find_weights(self.weights))).transcribe)


class WhisperRecognizer:
    """Whisper with the weights of one checkpoint file."""

    def __init__(self, weights: str) -> None:
        self.model = _package().load_model(weights, "cpu")

    def transcribe(self, sample: EvaluationSample) -> str:
        """Return the normalized words in lower case; greedy decoding, so it is deterministic."""
        with torch.inference_mode():
            result = self.model.transcribe(
                sample.speech,
                language=sample.language.split("-")[0],
                temperature=0.0,
                fp16=False,
                condition_on_previous_text=False,
                verbose=None,
            )
        return normalize(result["text"], sample.language).lower()


@lru_cache(maxsize=1)
def whisper_recognizer(weights: str) -> WhisperRecognizer:
    """Load a checkpoint once per process: it takes seconds."""
    return WhisperRecognizer(weights)


def find_weights(weights: str | None) -> Path:
    """Return the checkpoint file; None: the largest in the cache. Raises MissingPackageError."""
    if weights is not None:
        path = Path(weights).expanduser()
        if path.is_file():
            return path
        raise MissingPackageError(f"there is no weights file {path}")
    _package()
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "whisper"
    found = sorted(cache.glob("*.pt"), key=lambda path: path.stat().st_size)
    if not found:
        raise MissingPackageError(
            f"there are no weights in {cache}; download some with whisper.load_model('base'), or "
            "set metrics.whisper.weights=FILE"
        )
    return found[-1]


def _package() -> ModuleType:
    return require_package("whisper", "word error rate (Whisper)", extra="whisper")
