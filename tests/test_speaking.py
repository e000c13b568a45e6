"""The command that speaks: batches, streams to standard output, lexicons and markup."""

import io
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from fakes import composed

from tts.controls import NEUTRAL
from tts.errors import UserError, naming_key
from tts.synthesis.audio_files import target_paths
from tts.synthesis.batch_rows import Row, read_rows
from tts.synthesis.run import synthesize
from tts.synthesis.standard_output import write_stream
from tts.synthesizer import SynthesizedSentence, Synthesizer
from tts.text.analysis import analyze
from tts.text.frontend import Frontend
from tts.text.lexicon import Lexicon
from tts.text.phonemes import require_language

FORTY = ",".join(["af", "am", "an", "ar", "as"] * 8)


@pytest.fixture(scope="module")
def voice() -> Synthesizer:
    return Synthesizer.load()


def written(tmp_path: Path, name: str, content: str) -> str:
    (tmp_path / name).write_text(content, encoding="utf-8")
    return str(tmp_path / name)


def test_rows_of_csv_and_jsonl_have_ids_and_controls(tmp_path: Path) -> None:
    file = written(tmp_path, "a.csv", 'id,text,rate,seed\na,"Hi, you",0.8,3\n\nb,"Two\nlines",,\n')
    first, second = read_rows(None, file)
    assert first == Row(2, "Hi, you", "a", seed=3, controls={"rate": "0.8"})
    assert second == Row(4, "Two\nlines", "b")
    file = written(tmp_path, "a.jsonl", '{"id": 7, "text": "Hi", "pitch": 2}\n{"text": "x"}\n')
    first, second = read_rows(None, file)
    assert first == Row(1, "Hi", "7", controls={"pitch": 2})
    assert [path.name for path in target_paths(str(tmp_path / "out"), [first, second])] == [
        "7.wav", "002.wav",
    ]  # fmt: skip
    [plain] = read_rows(None, written(tmp_path, "a.txt", "id,text\n"))
    assert plain == Row(1, "id,text")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": "../a", "text": "x"}, "cannot be a file's name"),
        ({"id": "con.x", "text": "x"}, "cannot be a file's name"),
        ({"id": "a"}, "no text"),
        ({"text": 5}, "text=5: expected text"),
        ({"text": "x", "rate": "fast"}, "rate=fast: expected a number"),
        ({"text": "x", "seed": -1}, "seed=-1: expected a whole number"),
        ({"text": "x", "sped": 1}, "'sped': choose from id, text"),
    ],
)
def test_a_wrong_row_has_its_reason(tmp_path: Path, row: dict[str, object], reason: str) -> None:
    lines = f"{json.dumps(row)}\n[1]\n{{\n" + '{"text": "fine"}\n'
    first, second, third, last = read_rows(None, written(tmp_path, "a.jsonl", lines))
    assert reason in first.error
    assert second.error
    assert third.error
    assert not last.error


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,txt\na,b\n", "no column text"),
        ("a.csv", "id,text,sped\na,b,1\n", "no column 'sped'; choose from id, text"),
        ("a.csv", "id,text\na,x\nb,y\na,z\n", "lines 2 and 4 have the id a"),
        ("a.jsonl", '{"id":"a","text":"x"}\n{"id":"A","text":"x"}\n', "lines 1 and 2 have the id"),
        ("a.csv", "id,text\n", "no rows"),
    ],
)
def test_a_wrong_file_is_refused_before_speaking(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        read_rows(None, written(tmp_path, name, content))


@pytest.mark.parametrize(
    ("out", "form", "message"),
    [
        ("a.m4a", None, r"cannot write \.m4a; choose from \.wav, \.flac"),
        ("a.WAV", "mp3", "differ"),
        ("a", "raw", "add out=-"),
        ("-", "mp3", "out=- writes wav or raw"),
    ],
)
def test_formats_that_do_not_fit_are_refused(
    tmp_path: Path, out: str, form: str | None, message: str
) -> None:
    out = out if out == "-" else str(tmp_path / out)
    with pytest.raises(UserError, match=message):
        target_paths(out, [Row(1, "x")], form)


def test_a_batch_goes_on_past_bad_rows(tmp_path: Path) -> None:
    rows = [
        {"id": "slow", "text": "Use a [emphasis strong]gif[/emphasis].", "rate": 0.5},
        {"id": "bad", "text": "One", "speaker": "carla"},
        {"id": "open", "text": "[rate 0.5]One"},
        {"id": "last", "text": "One."},
    ]
    file = written(tmp_path, "rows.jsonl", "\n".join(map(json.dumps, rows)))
    lexicon = written(tmp_path, "words.tsv", "gif\t/dʒɪf/\n")
    config = composed(
        "synthesize", f"file={file}", f"out={tmp_path}/out", "format=opus", f"lexicon={lexicon}",
        "timings=json",
    )  # fmt: skip
    with pytest.raises(UserError, match="2 of 4 lines not synthesized") as error:
        synthesize(config)
    assert "line 2, id bad: speaker='carla'" in str(error.value)
    assert "line 3, id open: character 1: [rate 0.5] is not closed" in str(error.value)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "last.json", "last.opus", "slow.json", "slow.opus",
    ]  # fmt: skip
    assert soundfile.info(tmp_path / "out/last.opus").samplerate == 24000
    [sentence] = json.loads((tmp_path / "out/slow.json").read_text())["sentences"]
    phones = sentence["words"][2]["phones"]
    assert "".join(phone["phone"] for phone in phones) == "dʒɪf"
    assert all(-7 < phone["log_variance"] < 3.1 for phone in phones)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,text\na,Hello, world\n", ", line 2: it has 3 cells, the first line 2: put"),
        ("a.tsv", "id\ttext\na\tHello\tworld\n", ", line 2: it has 3 cells.* a text with a tab"),
        ("a.csv", "id,text,rate\na,Hello,99\n", ", line 2, id a: rate=99: expected"),
        ("a.jsonl", '\n{"text": "x", "reference": "/no.wav"}\n', ", line 2: reference=/no.wav"),
        ("a.txt", "\n\n...\n", ", line 3: nothing in the text"),
    ],
)
@pytest.mark.parametrize("out", ["w/", "-"])
def test_a_file_of_one_line_names_file_and_line(
    name: str, content: str, message: str, out: str, tmp_path: Path
) -> None:
    file = written(tmp_path, name, content)
    out = out if out == "-" else f"{tmp_path}/{out}"
    with pytest.raises(UserError, match=f"^file={re.escape(file)}{message}"):
        synthesize(composed("synthesize", f"file={file}", f"out={out}"))


def test_a_recording_that_is_read_is_not_written(tmp_path: Path) -> None:
    reference, link = tmp_path / "a.wav", tmp_path / "b.wav"
    soundfile.write(reference, np.zeros(8000), 8000)
    link.symlink_to(reference)
    before = reference.read_bytes()
    rows = written(tmp_path, "rows.jsonl", f'{{"id": "a", "text": "x", "reference": "{link}"}}')
    for given in (
        ["text=Hi.", f"reference={reference}", f"out={link}"],
        [f"file={rows}", f"out={tmp_path}"],
    ):
        with pytest.raises(UserError, match="is the file of reference="):
            synthesize(composed("synthesize", *given))
    assert reference.read_bytes() == before


def test_standard_output_gets_a_wav_of_unknown_length(
    voice: Synthesizer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer))
    synthesize(composed("synthesize", "text='Hi.'", "out=-"))
    sys.stdout.flush()
    content = buffer.getvalue()
    assert content[40:44] == b"\xff" * 4
    samples = np.frombuffer(content[44:], "<i2") / 32767
    same = np.concatenate(list(voice.stream("Hi.", seed=1)))
    assert np.abs(samples - same).max() < 1e-4
    assert "s, the first after 0." in capsys.readouterr().err


def test_a_file_gets_its_length_and_a_closed_pipe_ends_quietly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [np.full(100, 0.5, np.float32)] * 3
    with (tmp_path / "a.wav").open("w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        assert write_stream(pieces, 8000, raw=False).samples == 300
    wave, rate = soundfile.read(tmp_path / "a.wav")
    assert (len(wave), rate) == (300, 8000)

    def until_closed() -> Iterator[np.ndarray]:
        yield pieces[0]
        reader.close()
        yield pieces[1]
        raise AssertionError("it went on")

    ends = os.pipe()
    reader = open(ends[0], "rb")  # noqa: SIM115
    with open(ends[1], "w") as file:
        monkeypatch.setattr(sys, "stdout", file)
        done = write_stream(until_closed(), 8000, raw=True)
    assert (done.samples, done.closed) == (100, True)


def test_markup_changes_the_speech(voice: Synthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    def sentence(text: str, **changes: float) -> SynthesizedSentence:
        [one] = voice.sentences(text, controls=NEUTRAL.updated(changes), seed=1)
        return one

    plain = sentence("A small cat.")
    slow = sentence("A [rate 0.5]small[/rate] cat.")
    assert slow.phonemes == plain.phonemes
    inside = slice(3, 8)
    assert slow.durations[inside].sum() > 1.7 * plain.durations[inside].sum()
    assert abs(int(slow.durations[9:].sum() - plain.durations[9:].sum())) < 8
    full = sentence("[rate 0.8][pitch 2]A small cat.[/pitch][/rate]")
    assert np.array_equal(full.waveform, sentence("A small cat.", rate=0.8, pitch=2.0).waveform)
    with pytest.raises(UserError, match=r"rate=0\.2 and the tags' rate of 0\.2 make 0\.04"):
        sentence("A [rate 0.2]cat[/rate].", rate=0.2)
    for text, message in (
        (
            "A [emphasis strong]cat[/emphasis].",
            r"character 3: \[emphasis strong\]: this model does",
        ),
        ("<speak>A <prosody pitch='+2st'>cat</prosody>.</speak>", "SSML, line 1, character 10: <p"),
    ):
        monkeypatch.setattr(type(voice.model), "controls", frozenset({"rate", "energy"}))
        with pytest.raises(UserError, match=message):
            sentence(text)
    monkeypatch.undo()
    paused = voice.speak("[pause 0.5] A small cat. [pause 1]", seed=1).waveform
    assert len(paused) == len(plain.waveform) + round(1.5 * voice.sample_rate)
    found = voice.timings(voice.sentences("[pause 0.5] A small cat. [pause 1]", seed=1))
    assert found[0].start == pytest.approx(0.5, abs=1e-4)


PAGE = Path(__file__).parents[1] / "docs" / "synthesis.md"


def test_the_pages_examples_are_read_as_it_says(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    frontend = Frontend()
    texts = re.findall(r'^uv run synthesize\.py .*?text="(.*)"$', page, re.MULTILINE)
    assert len(texts) >= 2
    for text in texts:
        assert all(sentence.tokens for sentence in analyze(frontend, text, "en-us"))
    lexicon, rows = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert len(Lexicon.read(written(tmp_path, "words.tsv", lexicon)).entries) == 3
    assert [row.id for row in read_rows(None, written(tmp_path, "rows.csv", rows))] == [
        "greeting", "farewell",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": -1}, "seed=-1: expected a whole number from 0 to 4294967295"),
        ({"seed": True}, "seed=True"),
        ({"text": 3}, "text=3: expected a string"),
        ({"lexicon": 3}, "lexicon=3: expected the path"),
    ],
)
def test_python_refuses_what_the_command_line_refuses(
    voice: Synthesizer, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        voice.speak(**{"text": "Hello.", **settings})


def test_numpys_numbers_are_numbers(voice: Synthesizer) -> None:
    plain = voice.speak("Hello.", seed=3, pitch=2, rate=2.0).waveform
    same = voice.speak("Hello.", seed=np.int64(3), pitch=np.int32(2), rate=np.float32(2)).waveform
    assert np.array_equal(same, plain)
    with pytest.raises(UserError, match="seed="):
        voice.speak("Hello.", seed=np.bool_(True))  # type: ignore[arg-type]


def test_a_stream_of_no_frames_is_refused(voice: Synthesizer) -> None:
    with pytest.raises(UserError, match="frames=0"):
        next(voice.stream("Hello.", frames=0))


def test_a_message_names_the_key_once() -> None:
    for inner, expected in (
        ("no such folder", "run=x: no such folder"),
        ("a.b=1: no", "a.b=1: no"),
    ):
        with pytest.raises(UserError, match=f"^{re.escape(expected)}$"), naming_key("run", "x"):
            raise UserError(inner)
    with pytest.raises(UserError, match=r"^no$"), naming_key("run", None):
        raise UserError("no")


@pytest.mark.parametrize(
    ("language", "message"),
    [
        (FORTY, r"'af,am,.*…' are several: give one code, such as af"),
        (f"[{FORTY}]", r"'\[af,am,.*…' are several: give one code, such as af"),
        ("fo", "no dictionary of it"),
        ("klingon", r"choose from piqd \(Klingon\)"),
    ],
)
def test_a_language_that_cannot_be_spoken_is_one_short_line(
    language: str, message: str, voice: Synthesizer
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        voice.analyze("Hello", language=language)
    assert "choose from en-us, or auto" in str(caught.value)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("language", "listed"),
    [("zz", "choose from af, am"), ("en-uk", "en-gb .*list all codes"), ("all", "zh")],
)
def test_an_unknown_language_says_which_there_are(language: str, listed: str) -> None:
    with pytest.raises(UserError, match=listed):
        require_language(language)


def test_an_untrained_language_is_said_once_with_its_symbols(
    voice: Synthesizer, caplog: pytest.LogCaptureFixture
) -> None:
    (german,) = voice.analyze("Schöne Brötchen.", language="de")
    assert german.language == "de"
    assert "never trained on language=de" in caplog.text
    assert "it never had: ø ç" in caplog.text
    caplog.clear()
    voice.analyze("Schöne Brötchen.", language="de")
    assert not caplog.text
    (mixed,) = voice.analyze("Say [fr: bon] now.", language="auto")
    assert mixed.language == "en-us"
    assert "never trained on: ◌̃" in caplog.text
    assert voice.speak("[de: Ja], yes.", seed=1).waveform.any()
    with pytest.raises(UserError, match="choose from en-us, or auto"):
        voice.analyze("Hello", language="klingonese")
