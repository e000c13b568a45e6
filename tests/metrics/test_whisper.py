"""Whisper word error rate with random weights."""

from pathlib import Path

import numpy as np
import pytest

from tts.metrics.optional_packages import MissingPackageError


def test_whisper_transcribes_with_weights_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights are random: loading and decoding are real, the words are not."""
    pytest.importorskip("whisper", reason="the whisper extra is not installed")
    import torch
    from whisper.model import ModelDimensions, Whisper

    from tts.contract import MelContract
    from tts.metrics.evaluation_sample import EvaluationSample
    from tts.metrics.measure import compute_statistics
    from tts.metrics.whisper import WhisperWordErrorRate, find_weights

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(MissingPackageError, match="no weights in"):
        find_weights(None)
    with pytest.raises(MissingPackageError, match="there is no weights file"):
        find_weights(str(tmp_path / "x.pt"))
    sizes = ModelDimensions(80, 1500, 16, 2, 1, 51865, 448, 16, 2, 1)
    (tmp_path / "whisper").mkdir()
    torch.manual_seed(0)
    saved = {"dims": sizes.__dict__, "model_state_dict": Whisper(sizes).state_dict()}
    torch.save(saved, tmp_path / "whisper" / "tiny.pt")
    measure = WhisperWordErrorRate()
    wave = np.random.default_rng(0).normal(0, 0.1, 22050).astype(np.float32)
    sample = EvaluationSample(wave, MelContract(), "Three words here.")
    statistics = compute_statistics(measure, sample)
    assert statistics is not None
    assert statistics[1] == 3
    assert statistics[0] >= 3, "random weights recognize no word"
