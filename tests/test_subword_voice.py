"""A voice of subwords: it trains, resumes, is exported, also to ONNX, and speaks."""

import io
import json
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import composed

from tests.data.recordings import ljspeech
from tts.checkpoint import load_run
from tts.data.store import PreparedCorpus
from tts.export.voice import export_voice
from tts.synthesis.phonemize import phonemize
from tts.synthesis.run import synthesize
from tts.synthesizer import Synthesizer
from tts.text.symbol_table import SymbolTable
from tts.text.word_spans import words_of
from tts.training.run import train

QUICK = ("trainer=cpu", "trainer.max_steps=2", "trainer.val_check_interval=2", "data.workers=0",
         "model/size=tiny", "callbacks.validation_metrics=null", "callbacks.samples=null",
         "data.prepare_workers=0", "data.prepare.max_outlier=100", "logger=none",
         "callbacks.metric_history=null", "trainer.precision=32-true")  # fmt: skip
FRONTEND = ("frontend=subwords", "frontend.phonemizer.vocab_size=45")
TEXT = "The cat ran along the river."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps, resumed for a third."""
    place = tmp_path_factory.mktemp("subwords")
    folder = place / "run"
    words = [*QUICK, *FRONTEND, "data=ljspeech", f"data.root={ljspeech(place / 'corpus')}",
             f"run_dir={folder}", f"data.prepared_dir={place}/prepared"]  # fmt: skip
    train(composed("train", *words), words)
    again = [f"resume={folder}", "trainer.max_steps=3", f"run_dir={folder}"]
    train(composed("train", *again, *QUICK[3:]), again)
    return folder


def test_its_facts_name_the_pieces(run: Path) -> None:
    facts = load_run(run).require_facts()
    assert "the" in facts.symbols
    assert facts.trained_symbols is not None
    assert set(facts.trained_symbols) <= set(facts.symbols)
    assert "the" in facts.trained_symbols


def test_the_manifest_shows_the_pieces(run: Path) -> None:
    [corpus] = [PreparedCorpus.open(path) for path in (run.parent / "prepared").iterdir()]
    table = SymbolTable(corpus.facts.symbols)
    for row in corpus.rows:
        assert row.phonemes.replace("·", "") == f" {row.text} "
        assert table.ids(table.read(row.phonemes)) == tuple(corpus.read(row)["tokens"].tolist())


def test_its_words_and_pieces_have_times(run: Path) -> None:
    voice = Synthesizer.load(run)
    sentences = list(voice.sentences(TEXT, seed=0))
    [timing] = voice.timings(sentences)
    assert [word.text for word in timing.words] == words_of(sentences[0].normalized)
    for word in timing.words:
        assert "".join(phone.text for phone in word.phones) == word.text.lower()
    assert any(len(phone.text) > 1 for word in timing.words for phone in word.phones)


def test_an_unseen_piece_is_named_by_its_letters(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    voice = Synthesizer.load(run)
    piece = next(symbol for symbol in voice.facts.symbols if len(symbol) > 1)
    trained = tuple(s for s in voice.facts.symbols if s != piece)
    voice.facts = replace(voice.facts, trained_symbols=trained)
    voice.speak(f"{piece} cat {piece}", seed=0)
    assert f"never trained on: {piece}" in caplog.text


def test_it_speaks_and_writes_times_and_a_picture(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.wav"
    synthesize(composed("synthesize", f"run={run}", f"out={out}", f"text={TEXT}", "timings=json",
                        "pictures=true"))  # fmt: skip
    phones = json.loads(out.with_suffix(".json").read_text())["sentences"][0]["words"][0]["phones"]
    assert "".join(phone["phone"] for phone in phones) == "the"
    assert out.with_suffix(".png").is_file()


def test_phonemize_shows_the_pieces(run: Path) -> None:
    printed = io.StringIO()
    with redirect_stdout(printed):
        phonemize(composed("phonemize", f"run={run}", f"text={TEXT}"))
    shown = json.loads(printed.getvalue())["phonemes"]
    assert shown.replace("·", "") == f" {TEXT.lower()} "
    assert "·" in shown


@pytest.mark.parametrize("name", ["voice", "voice.onnx"])
def test_its_exports_say_what_it_says(run: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    form = "onnx" if name.endswith("onnx") else "voice"
    export_voice(composed("export", f"run={run}", f"out={out}", f"format={form}"))
    ours, theirs = Synthesizer.load(run), Synthesizer.load(out)
    assert theirs.frontend.symbols == ours.frontend.symbols
    [first], [second] = (list(voice.sentences(TEXT, seed=0)) for voice in (ours, theirs))
    assert first.symbols == second.symbols
    assert abs(len(first.waveform) - len(second.waveform)) < 1000
