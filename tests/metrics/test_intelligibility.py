"""Tests of edit distance, bigram model, recognizer and Whisper."""

import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.metrics.evaluation_sample import SPEECH_LEVEL, normalize_level
from tts.metrics.intelligibility import (
    Recognizer,
    count_errors,
    edit_distance,
    ipa_to_arpabet,
    pronunciations,
)
from tts.metrics.language_model import split_words, write_bigram_model
from tts.metrics.optional_packages import MissingPackageError, require_package

SHORT = st.text(st.sampled_from("abc"), max_size=8)


@given(SHORT, SHORT, SHORT)
def test_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


def test_errors_are_substitutions_insertions_and_deletions() -> None:
    assert count_errors("The cat sat.", "the cat sat").word_errors == 0
    assert count_errors("the cat sat", "the bat sat on").word_errors == 2
    errors = count_errors("the cat sat", "")
    assert errors.word_errors == errors.reference_words == 3


def test_the_bigram_model_is_a_distribution_for_every_history(tmp_path: Path) -> None:
    path = tmp_path / "lm.arpa"
    vocabulary = write_bigram_model(path, ["the cat sat", "the dog sat", "a cat"])
    assert vocabulary == {"the", "cat", "sat", "dog", "a"}
    _, unigrams, bigrams = path.read_text().split("-grams:")
    single: dict[str, tuple[float, float]] = {}
    for line in unigrams.splitlines()[1:]:
        if len(row := line.split()) == 3:
            single[row[1]] = float(row[0]), float(row[2])
    pairs: dict[str, dict[str, float]] = defaultdict(dict)
    for line in bigrams.splitlines()[1:]:
        if len(row := line.split()) == 3:
            pairs[row[1]][row[2]] = 10 ** float(row[0])
    for history in ("<s>", "the", "cat", "sat"):
        back_off = 10 ** single[history][1]
        rest = sum(
            back_off * 10**p
            for word, (p, _) in single.items()
            if word not in pairs[history] and word != "<s>"
        )
        assert math.isclose(sum(pairs[history].values()) + rest, 1.0, abs_tol=1e-3), history


def test_words_are_letters_and_inner_apostrophes() -> None:
    assert split_words("It’s “Bob's” — 5 o'clock!") == ["it's", "bob's", "o'clock"]


def test_ipa_maps_to_arpabet() -> None:
    assert ipa_to_arpabet("ˈtʃiːz") == ["CH", "IY", "Z"]
    assert ipa_to_arpabet("ˈaɪɹən") == ["AY", "R", "AH", "N"]


@given(st.floats(0.001, 10))
def test_normalize_level_works_from_any_loudness(gain: float) -> None:
    wave = gain * np.sin(np.arange(8000) / 7)
    rms = np.sqrt(np.mean(normalize_level(wave, SPEECH_LEVEL) ** 2))
    assert math.isclose(20 * math.log10(rms), SPEECH_LEVEL, abs_tol=1e-6)


def test_silence_stays_silent() -> None:
    assert not normalize_level(np.zeros(100), SPEECH_LEVEL).any()


def test_a_missing_package_error_has_the_install_command() -> None:
    with pytest.raises(MissingPackageError, match="uv sync --extra metrics"):
        require_package("no_such_package", "MOS")


def test_the_recognizer_understands_espeak_and_not_noise() -> None:
    pytest.importorskip("pocketsphinx", reason="the metrics extra is not installed")
    from tts.text import espeak

    texts = [
        "the harbour was full of painted ships",
        "rain began in the night",
        "who knows Zwoblix",
    ]
    assert any(line.startswith("zwoblix ") for line in pronunciations({"zwoblix"}))
    recognizer = Recognizer(texts)
    with espeak.private() as library:
        speech = library.synthesize(texts[0], "en-us", "m2", 150)
    transcript = recognizer(speech.samples, speech.sample_rate)
    assert count_errors(texts[0], transcript).word_errors <= 2
    noise = np.random.default_rng(1).normal(0, 0.1, speech.sample_rate).astype(np.float32)
    assert count_errors(texts[0], recognizer(noise, speech.sample_rate)).word_errors >= 5
    # the previous utterance changes nothing
    state = recognizer.decoder.get_cmn(False)
    assert recognizer(speech.samples, speech.sample_rate) == transcript
    recognizer.decoder.set_cmn(recognizer.initial_cmn)
    recognizer(speech.samples, speech.sample_rate)
    recognizer(noise, speech.sample_rate)
    assert recognizer.decoder.get_cmn(False) == state


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
