"""Preparing: stored features, reasons of dropped rows, resuming after a kill."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from processes import command

from tests.data.recordings import RATE, TEXTS, hum, ljspeech
from tts.audio.mel import mel_spectrogram
from tts.contract import MelContract
from tts.data import prepare as module
from tts.data.corpora.demo import Demo
from tts.data.corpora.ljspeech import LJSpeech
from tts.data.corpora.source import CorpusError
from tts.data.doctor import DoctorError, validation_texts
from tts.data.manifest import read_rows
from tts.data.prepare import prepare
from tts.data.prepare_settings import PrepareSettings
from tts.data.store import PreparedCorpus, StoreError
from tts.text.characters import Characters
from tts.text.frontend import Frontend
from tts.text.phonemes import EspeakPhonemizer, Phonemizer
from tts.text.subwords import Subwords

CONTRACT = MelContract()
LENIENT = PrepareSettings(max_dropped=0.99)


def run(root: Path, out: Path, settings: PrepareSettings = LENIENT) -> Path:
    (folder,) = prepare([LJSpeech(root)], Frontend(), CONTRACT, out, settings, 0, False)
    return folder


def test_what_is_stored_is_what_was_recorded(tmp_path: Path) -> None:
    corpus = PreparedCorpus.open(run(ljspeech(tmp_path / "c"), tmp_path / "out"))
    assert len(corpus.rows) == len(TEXTS)
    for row in corpus.rows:
        features = corpus.read(row)
        frames = row.frames
        assert len(features["mel"]) == len(features["pitch"]) == len(features["energy"]) == frames
        assert len(features["audio"]) == frames * CONTRACT.hop
        assert len(features["tokens"]) == row.tokens == len(row.phonemes)
        again = mel_spectrogram(features["audio"].float() / 32767, CONTRACT)
        # the rounding to half precision and 16 bits matters only near the floor
        assert (again - features["mel"]).abs()[features["mel"] > -8].max() < 0.02
        assert row.seconds < len(hum(row.text)) / RATE - 0.15  # trimmed


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    root = ljspeech(tmp_path / "c")
    one, two = run(root, tmp_path / "1"), run(root, tmp_path / "2")
    names = sorted(p.relative_to(one) for p in one.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(two) for p in two.rglob("*") if p.is_file())
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_a_changed_setting_is_another_folder(tmp_path: Path) -> None:
    root, out = ljspeech(tmp_path / "c"), tmp_path / "out"
    folders = {run(root, out), run(root, out), run(root, out, PrepareSettings(trim_db=30))}
    (root / "metadata.csv").write_text((root / "metadata.csv").read_text() + "clip-000b|more\n")
    folders.add(run(root, out))
    assert len(folders) == 3


def test_statistics_are_those_of_the_training_rows(tmp_path: Path) -> None:
    corpus = PreparedCorpus.open(run(ljspeech(tmp_path / "c"), tmp_path / "out"))
    train = [corpus.read(row) for row in corpus.rows if row.split == "train"]
    pitch = torch.cat([f["pitch"] for f in train])
    energy = torch.cat([f["energy"] for f in train]).double()
    (stats,) = corpus.facts.statistics
    log_pitch = pitch[pitch > 0].double().log()
    assert stats.pitch_mean == pytest.approx(float(log_pitch.mean()), abs=1e-5)
    assert stats.pitch_std == pytest.approx(float(log_pitch.std(unbiased=False)), rel=1e-3)
    assert stats.energy_mean == pytest.approx(float(energy.mean()), abs=1e-4)


FAULTS = {
    "silent": lambda p: soundfile.write(p, np.zeros(2 * RATE), RATE),
    "too short": lambda p: soundfile.write(p, hum("a b")[: RATE // 2], RATE),
    "too long": lambda p: soundfile.write(p, np.tile(hum(TEXTS[0]), 14), RATE),
    "clipped": lambda p: soundfile.write(p, np.sign(hum(TEXTS[0])), RATE),
    "not audio": lambda p: p.write_text("hello"),
    "no such file": lambda p: p.unlink(),
    "empty file": lambda p: p.write_bytes(b""),
    "duplicate audio": lambda p: soundfile.write(p, hum(TEXTS[0], 0), RATE),
    "too fast": lambda p: soundfile.write(p, hum(TEXTS[0])[: int(RATE * 0.8)], RATE),
}


@pytest.mark.parametrize("reason", FAULTS)
def test_a_bad_clip_is_dropped_with_its_reason_and_the_rest_stays(
    tmp_path: Path, reason: str
) -> None:
    texts = (*TEXTS[:5], "s" * 90 if reason == "too fast" else TEXTS[0])
    root = ljspeech(tmp_path / "c", texts)
    FAULTS[reason](root / "wavs" / "clip-005.wav")
    folder = run(root, tmp_path / "out")
    rows = {row["id"]: row for row in read_rows(folder / "manifest.jsonl")}
    assert not rows["clip-005"]["kept"]
    assert reason in rows["clip-005"]["reason"]
    assert sum(row["kept"] for row in rows.values()) == 5
    assert "clip-005" in (folder / "report.txt").read_text()


def test_an_unspeakable_text_and_a_duplicate_id_are_dropped(tmp_path: Path) -> None:
    root = ljspeech(tmp_path / "c", (*TEXTS, "..."))
    lines = (root / "metadata.csv").read_text() + "clip-000|something else\n"
    (root / "metadata.csv").write_text(lines)
    rows = read_rows(run(root, tmp_path / "out") / "manifest.jsonl")
    dropped = {row["id"]: row["reason"] for row in rows if not row["kept"]}
    assert "unusable text, nothing in the text" in dropped["clip-006"]
    assert "duplicate id" in dropped["clip-000"]


def test_characters_outside_a_small_table_name_its_size(tmp_path: Path) -> None:
    corpus = LJSpeech(ljspeech(tmp_path / "c", TEXTS))
    frontend = Frontend(Characters(vocab_size=3))
    with pytest.raises(DoctorError, match=r"not among the 3 symbols.*raise.*vocab_size"):
        prepare([corpus], frontend, CONTRACT, tmp_path / "out", LENIENT, 0, False)


def test_symbols_that_an_own_front_end_lacks_are_named_as_its_table_writes_them(
    tmp_path: Path,
) -> None:
    def letters(text: str, language: str) -> str:
        return text.lower()

    corpus = LJSpeech(ljspeech(tmp_path / "c", tuple(f"{text} [x]" for text in TEXTS)))
    table = Frontend(letters, symbols=["_", " ", *"abcdefghijklmnopqrstuvwxyz.,'!?-"])
    with pytest.raises(DoctorError, match=r"has '\[' '\]'.* lacks '\(' '\)': add them to front"):
        prepare([corpus], table, CONTRACT, tmp_path / "out", LENIENT, 0, False)
    whole = table.with_symbols([*table.symbols, "(", ")"])
    assert prepare([corpus], whole, CONTRACT, tmp_path / "out", LENIENT, 0, False)


def test_the_log_says_what_is_kept_when_a_corpus_is_prepared(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tts.data.prepare")
    root = ljspeech(tmp_path / "c")
    run(root, tmp_path / "out")
    assert f"kept {len(TEXTS)} of {len(TEXTS)} utterances" in caplog.text
    assert "dropped" not in caplog.text
    caplog.clear()
    run(root, tmp_path / "out")
    assert not caplog.text  # it was prepared before
    (root / "wavs" / "clip-003.wav").unlink()
    run(root, tmp_path / "out")
    assert "dropped 1 (1 no such file)" in caplog.text


def test_given_phonemes_need_a_front_end_of_phonemes(tmp_path: Path) -> None:
    demo = Demo(limit=8)
    with pytest.raises(DoctorError, match=r"its corpus gives have.*frontend=espeak"):
        prepare([demo], Frontend(Characters()), CONTRACT, tmp_path, LENIENT, 0, False)


@pytest.mark.parametrize(
    ("language", "message"),
    [
        ("xq", r"data\.language='xq': .*choose from"),
        ("fo", r"data\.language='fo': .*train with frontend=characters"),
        (",".join(["af"] * 40), r"data\.language='af,.*…': .*…' are several: give one code"),
    ],
)
def test_an_unknown_language_is_refused_before_the_work(
    language: str, message: str, tmp_path: Path
) -> None:
    corpus = LJSpeech(ljspeech(tmp_path / "speech", TEXTS), language=language)
    with pytest.raises(CorpusError, match=message):
        prepare([corpus], Frontend(), CONTRACT, tmp_path / "out", LENIENT, 0, False)


def test_an_unusual_speaking_rate_is_dropped(tmp_path: Path) -> None:
    texts = tuple(f"{TEXTS[i % 6]} {word}" for i, word in enumerate("abcdefghijklmnopqrstuvw"))
    root = ljspeech(tmp_path / "c", texts)
    soundfile.write(root / "wavs" / "clip-003.wav", np.tile(hum(texts[3]), 4)[: 8 * RATE], RATE)
    rows = read_rows(run(root, tmp_path / "out") / "manifest.jsonl")
    assert [row["id"] for row in rows if not row["kept"]] == ["clip-003"]
    assert "unusual speaking rate" in rows[3]["reason"]


def test_it_fails_when_too_much_is_dropped(tmp_path: Path) -> None:
    root = ljspeech(tmp_path / "c")
    for number in range(3):
        (root / "wavs" / f"clip-{number:03d}.wav").unlink()
    with pytest.raises(DoctorError, match=r"50 %.*no such file.*manifest"):
        run(root, tmp_path / "out", PrepareSettings(max_dropped=0.2))
    for path in (root / "wavs").iterdir():
        path.unlink()
    with pytest.raises(DoctorError, match="all 6 utterances were dropped"):
        run(root, tmp_path / "out2")


def test_audio_added_later_is_read(tmp_path: Path) -> None:
    root = ljspeech(tmp_path / "c")
    clips = {path: path.read_bytes() for path in (root / "wavs").iterdir()}
    for path in clips:
        path.unlink()
    with pytest.raises(DoctorError, match="all 6 utterances were dropped"):
        run(root, tmp_path / "out")
    for path, content in clips.items():
        path.write_bytes(content)
    assert len(PreparedCorpus.open(run(root, tmp_path / "out")).rows) == len(TEXTS)


def test_no_text_is_in_both_splits(tmp_path: Path) -> None:
    texts = tuple(TEXTS) * 3  # each prompt recorded three times
    settings = PrepareSettings(validation_share=0.3)
    corpus = PreparedCorpus.open(run(ljspeech(tmp_path / "c", texts), tmp_path / "o", settings))
    texts_of = {split: {r.text for r in corpus.rows if r.split == split} for split in
             ("train", "validation")}  # fmt: skip
    assert len(texts_of["validation"]) == 2
    assert not texts_of["train"] & texts_of["validation"]


def test_a_text_keeps_its_split_when_others_are_added() -> None:
    settings = PrepareSettings(validation_share=0.2)
    few = [f"text {i}" for i in range(50)]
    kept = validation_texts(few, settings) - validation_texts([*few, "one more"], settings)
    assert len(kept) <= 1


def test_a_kill_costs_no_finished_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD", 2)
    root, out = ljspeech(tmp_path / "c"), tmp_path / "out"
    done: list[int] = []
    real = module._shard

    def dying(argument: tuple[object, ...]) -> int:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(real(argument))  # type: ignore[arg-type]
        return done[-1]

    monkeypatch.setattr(module, "_shard", dying)
    with pytest.raises(KeyboardInterrupt):
        run(root, out)
    (folder,) = out.iterdir()
    assert not (folder / "corpus.json").exists()
    with pytest.raises(StoreError, match="not a finished"):
        PreparedCorpus.open(folder)

    again: list[int] = []
    monkeypatch.setattr(module, "_shard", lambda a: again.append(a[1]) or real(a))
    assert run(root, out) == folder
    assert again == [2]
    assert len(PreparedCorpus.open(folder).rows) == len(TEXTS)


def test_preparing_continues_after_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    root, out = ljspeech(tmp_path / "c"), tmp_path / "out"

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_shard", full)
        with pytest.raises(StoreError, match="free some space"):
            run(root, out)
    assert len(PreparedCorpus.open(run(root, out)).rows) == len(TEXTS)


@pytest.mark.parametrize("phonemizer", [EspeakPhonemizer(), Subwords(40)])
def test_several_processes_prepare_the_same_bytes(
    phonemizer: Phonemizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHARD", 2)
    corpus, frontend = LJSpeech(ljspeech(tmp_path / "c")), Frontend(phonemizer)
    one, two = (
        prepare([corpus], frontend, CONTRACT, tmp_path / f"{workers}", LENIENT, workers, False)[0]
        for workers in (0, 2)
    )
    assert one.name == two.name
    assert PreparedCorpus.open(one).facts == PreparedCorpus.open(two).facts
    for path in sorted((one / "shards").iterdir()):
        assert path.read_bytes() == (two / "shards" / path.name).read_bytes()


def test_damage_is_named(tmp_path: Path) -> None:
    folder = run(ljspeech(tmp_path / "c"), tmp_path / "out")
    shard = next((folder / "shards").iterdir())
    shard.write_bytes(shard.read_bytes()[:100])
    corpus = PreparedCorpus.open(folder)
    with pytest.raises(StoreError, match=shard.name):
        corpus.read(corpus.rows[0])
    (folder / "corpus.json").write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        PreparedCorpus.open(folder)


def test_the_command_reports_and_fails_in_one_line(tmp_path: Path) -> None:
    root = ljspeech(tmp_path / "c")
    words = ("-m", "tts", "prepare", "data=ljspeech", f"data.prepared_dir={tmp_path}/out")
    good = command(*words, f"data.root={root}")
    assert "kept 6 of 6" in good.stdout
    (folder,) = (tmp_path / "out").iterdir()
    assert json.loads((folder / "report.json").read_text())["kept"] == 6
    bad = command(*words, "data.root=/no/such", code=2)
    assert bad.stderr.startswith("error: /no/such")
    assert "Traceback" not in bad.stderr
