"""Demo corpus: the front end's phonemes, times that fit the sound, the same samples every time."""

import numpy as np
import pytest

from tts.data.corpora.demo import SENTENCES, Demo
from tts.data.corpora.source import CorpusError
from tts.text.frontend import Frontend
from tts.text.symbols import PUNCTUATION

FRAME = 256 / 22050  # s, of the default mel contract


@pytest.fixture(scope="module")
def sources():
    return list(Demo().sources())


@pytest.fixture(scope="module")
def intervals(sources):
    """Every symbol of the corpus with its samples and its seconds."""
    found = []
    for source in sources:
        edges = [0.0, *source.phoneme_ends]
        for symbol, start, end in zip(source.phonemes, edges[:-1], edges[1:], strict=True):
            first, last = (round(t * source.sample_rate) for t in (start, end))
            found.append((symbol, source.samples[first:last], end - start))
    return found


def test_it_has_300_sentences_and_15_minutes(sources):
    sentences = SENTENCES.read_text(encoding="utf-8").splitlines()
    assert len(sources) == len(sentences) == len(set(sentences)) >= 300
    assert {source.speaker for source in sources} == {"anna", "ben"}
    minutes = sum(len(source.samples) / source.sample_rate for source in sources) / 60
    assert 15 < minutes < 25


def test_no_sample_clips(sources):
    assert max(np.abs(source.samples).max() for source in sources) < 0.999


def test_phonemes_are_those_of_the_front_end(sources):
    frontend = Frontend()
    for source in sources:
        utterance = frontend(source.text, source.language)
        assert utterance.phonemes == source.phonemes
        assert utterance.unknown == ()


def test_every_symbol_has_an_interval_and_the_last_ends_with_the_audio(sources):
    for source in sources:
        assert len(source.phoneme_ends) == len(source.phonemes)
        assert np.diff([0.0, *source.phoneme_ends]).min() > 0
        assert source.phoneme_ends[-1] == pytest.approx(len(source.samples) / source.sample_rate)


def test_nearly_every_symbol_has_a_frame(sources):
    frames = [np.diff(np.round(np.array([0.0, *s.phoneme_ends]) / FRAME)) for s in sources]
    assert np.mean(np.concatenate(frames) == 0) < 0.001


def test_pauses_are_quiet_and_vowels_are_not(intervals):
    pauses = [np.mean(x**2) for symbol, x, s in intervals if symbol in PUNCTUATION and s > 0.05]
    vowels = [np.mean(x**2) for symbol, x, _ in intervals if symbol in "aɑɔoæ"]
    assert len(pauses) > 100
    assert np.median(pauses) < 1e-4 * np.median(vowels)


def test_fricatives_hiss(intervals):
    """Zero crossings separate s and ʃ from vowels, unless the times are shifted by a phone."""

    def crossings(symbols: str) -> list[float]:
        chosen = [x for symbol, x, _ in intervals if symbol in symbols]
        return [float(np.mean(np.diff(np.signbit(x)))) for x in chosen]

    assert np.percentile(crossings("sʃ"), 5) > np.percentile(crossings("aɑɔoæ"), 95)


def test_stops_begin_with_their_closure(intervals):
    """p, t and k are silent at first, though espeak-ng's own event comes at the burst."""
    onsets = [np.abs(x[20:220]).max() for symbol, x, s in intervals if symbol in "ptk" and s > 0.06]
    assert np.mean(np.array(onsets) < 1e-3) > 0.9


def test_the_same_audio_every_time(sources):
    for first, second in zip(sources, Demo(limit=9).sources(), strict=False):
        assert np.array_equal(first.samples, second.samples)
        assert first.phoneme_ends == second.phoneme_ends


def test_limit_and_language_change_the_fingerprint():
    prints = [d.fingerprint() for d in (Demo(), Demo(limit=3), Demo(language="en-gb"))]
    assert all(a != b for i, a in enumerate(prints) for b in prints[:i])


def test_another_language_is_rejected():
    with pytest.raises(CorpusError, match="demo sentences are English"):
        Demo(language="de")


def test_an_unknown_voice_variant_is_named():
    assert Demo(speakers={"anna": "f3", "ben": ""}).speakers["anna"] == "f3"
    with pytest.raises(CorpusError, match=r"data\.speakers\.anna=zz: .* choose from .*f1, f2"):
        Demo(speakers={"anna": "zz"})
