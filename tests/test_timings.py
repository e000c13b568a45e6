"""Times of sentences, words and phones, and the files that hold them."""

import json
import re
from itertools import pairwise

import pytest

from tts.synthesis.timing_files import to_json, to_srt, to_textgrid, to_vtt
from tts.synthesizer import Synthesizer
from tts.timings import SentenceTiming, Timing, WordTiming, sentence_timing


def test_times_are_the_sums_of_the_durations_before() -> None:
    seconds = [0.1, 0.2, 0.3, 0.1, 0.2, 0.1, 0.1, 0.4, 0.5]
    found = sentence_timing("Ab, c.", "ab, c.", " aˈb, cː.", seconds, 10.0, lambda word: word)
    assert [word.text for word in found.words] == ["ab", "c"]
    times = [(round(w.start, 6), round(w.end, 6)) for w in found.words]
    assert times == [(10.1, 10.7), (11.0, 11.5)]
    assert [phone.text for word in found.words for phone in word.phones] == ["a", "ˈb", "cː"]
    assert (found.start, round(found.end, 6)) == (10.0, 12.0)


def test_timings_of_a_voice_end_with_its_speech() -> None:
    voice = Synthesizer.load()
    text = "Out of the way. There were two of them, once."
    sentences = list(voice.sentences(text, seed=1))
    found = voice.timings(sentences)
    assert [one.text for one in found] == ["Out of the way.", "There were two of them, once."]
    assert [w.text for w in found[0].words] == ["Out", "of", "the", "way"]
    samples = len(voice.speak(text, seed=1).waveform)
    assert found[-1].end == pytest.approx(samples / voice.sample_rate, abs=1e-6)
    pause = found[1].start - found[0].end
    assert pause == pytest.approx(sentences[0].pause, abs=1e-4)
    for one in found:
        pieces = [phone for word in one.words for phone in word.phones]
        assert one.start <= pieces[0].start
        assert all(a.end <= b.start + 1e-9 for a, b in pairwise(pieces))


SPEECH = [
    SentenceTiming("A <b> & \"c\"", 0.0, 0.9996, (
        WordTiming("a", 0.25, 0.5, (Timing("ə", 0.25, 0.5),)), WordTiming("x", 0.5, 0.5, ()),
    )),
    SentenceTiming("next\nline", 3661.5, 3662.0, (), (8, 1)),
]  # fmt: skip


def test_subtitles_have_clock_times_and_text_of_one_line() -> None:
    assert to_srt(SPEECH) == (
        '1\n00:00:00,000 --> 00:00:01,000\nA <b> & "c"\n\n'
        "2\n01:01:01,500 --> 01:01:02,000\nnext line\n"
    )
    assert to_vtt(SPEECH) == (
        'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nA &lt;b&gt; &amp; "c"\n\n'
        "01:01:01.500 --> 01:01:02.000\nnext line\n"
    )


def test_json_has_every_piece() -> None:
    first, second = json.loads(to_json(SPEECH))["sentences"]
    assert first["words"][0] == {
        "word": "a", "start": 0.25, "end": 0.5,
        "phones": [{"phone": "ə", "start": 0.25, "end": 0.5}],
    }  # fmt: skip
    assert second == {
        "text": "next\nline", "start": 3661.5, "end": 3662.0, "rounds": [8, 1], "words": [],
    }  # fmt: skip
    assert "rounds" not in first


def test_the_intervals_of_a_textgrid_fill_their_tiers() -> None:
    grid = to_textgrid(SPEECH)
    assert '"A <b> & ""c"""' in grid
    for tier in grid.split("item [")[2:]:
        times = [float(x) for x in re.findall(r"\n {12}xm(?:in|ax) = ([\d.]+)", tier)]
        assert times[0] == 0.0
        assert times[-1] == 3662.0
        assert times[1:-1:2] == times[2::2], "each begins where the one before ends"
        assert all(a < b for a, b in zip(times[::2], times[1::2], strict=True))
