"""Word error of Whisper, a stronger recognizer, where its weights are on the disk."""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.intelligibility import WordErrorRate
from tts.metrics.optional_packages import MissingPackageError, require_package
from tts.text.normalize import normalize


class WhisperWordErrorRate(WordErrorRate):
    """Word error of Whisper (Radford et al. 2022) in percent, from 0; lower is better.

    In any language it knows, and without a language model over the corpus. ``weights``: a
    checkpoint of the package ``openai-whisper``; None: the largest in the package's own cache
    folder. Nothing is ever downloaded. What it costs is the model's size.
    """

    label = "word error by Whisper"

    def __init__(self, weights: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.weights = weights

    def heard(self, take: EvaluationSample) -> str | None:
        if not take.text:
            return None
        return take.once(listener(str(find_weights(self.weights))).hear)


class Listener:
    """Whisper, loaded once in a process."""

    def __init__(self, weights: str) -> None:
        self.model = _package().load_model(weights, "cpu")

    def hear(self, take: EvaluationSample) -> str:
        """The words, numbers spelt as they are spoken; greedy, so that it repeats."""
        with torch.inference_mode():
            said = self.model.transcribe(
                take.speech,
                language=take.language.split("-")[0],
                temperature=0.0,
                fp16=False,
                condition_on_previous_text=False,
                verbose=None,
            )
        return normalize(said["text"], take.language).lower()


@lru_cache(maxsize=1)
def listener(weights: str) -> Listener:
    """Loading takes seconds."""
    return Listener(weights)


def find_weights(weights: str | None) -> Path:
    """The file; raises MissingPackageError saying where one was looked for."""
    if weights is not None:
        path = Path(weights).expanduser()
        if path.is_file():
            return path
        raise MissingPackageError(f"there are no weights {path}")
    _package()
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "whisper"
    found = sorted(cache.glob("*.pt"), key=lambda path: path.stat().st_size)
    if not found:
        raise MissingPackageError(
            f"no weights in {cache}; get some with the package's own "
            "whisper.load_model('base'), or give metrics.whisper.weights=FILE"
        )
    return found[-1]


def _package() -> Any:
    return require_package("whisper", "word error by Whisper", extra="whisper")
