"""Prepared folders: what is recomputed, what is verified when it is read, what is warned about."""

import gc
import json
import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from torch.utils.data import DataLoader

from tests.data.recordings import RATE, TEXTS, hum, ljspeech
from tts.contract import MelContract
from tts.data import features
from tts.data.corpora.ljspeech import LJSpeech
from tts.data.corpora.prepared import Prepared
from tts.data.corpora.source import Corpus, CorpusError
from tts.data.datamodule import DataSettings, SpeechDataModule
from tts.data.dataset import READ, SpeechDataset
from tts.data.doctor import DoctorError
from tts.data.manifest import read_rows
from tts.data.prepare import prepare
from tts.data.prepare_settings import PrepareSettings
from tts.data.reader_errors import ReaderDataset
from tts.data.store import PreparedCorpus, StoreError
from tts.text.frontend import Frontend
from tts.text.language_words import other_language

LENIENT = PrepareSettings(max_dropped=0.99)


def run(*corpora: Corpus, out: Path, settings: PrepareSettings = LENIENT) -> Path:
    return prepare(corpora, Frontend(), MelContract(), out, settings, 0, False)[-1]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A corpus and the folder that it was prepared in."""
    place = tmp_path_factory.mktemp("original")
    root = ljspeech(place / "c")
    return root, run(LJSpeech(root), out=place / "out")


@pytest.fixture
def copied(tmp_path: Path, original: tuple[Path, Path]) -> tuple[Path, Path]:
    """Copies of both, of which the recordings have other times."""
    shutil.copytree(original[0], tmp_path / "c", copy_function=shutil.copyfile)
    shutil.copytree(original[1].parent, tmp_path / "out")
    return tmp_path / "c", tmp_path / "out" / original[1].name


@pytest.fixture
def extracted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the recordings whose acoustics are computed."""
    ids: list[str] = []
    real = features.extract_acoustics

    def counting(source, *rest):  # type: ignore[no-untyped-def]
        ids.append(source.id)
        return real(source, *rest)

    monkeypatch.setattr(features, "extract_acoustics", counting)
    return ids


def test_only_what_changed_is_computed_again(
    copied: tuple[Path, Path], extracted: list[str]
) -> None:
    root, folder = copied
    out = folder.parent
    assert run(LJSpeech(root), out=out) == folder  # a copy is the same corpus
    before = PreparedCorpus.open(folder)

    renamed = PreparedCorpus.open(run(LJSpeech(root, speaker="anna"), out=out))
    assert renamed.facts.speakers == ("anna",)
    assert renamed.facts.mel_mean == before.facts.mel_mean
    for old, new in zip(before.rows, renamed.rows, strict=True):
        kept, now = before.read(old), renamed.read(new)
        assert all((kept[name] == now[name]).all() for name in kept)
    run(LJSpeech(root), out=out, settings=PrepareSettings(max_dropped=0.99, max_seconds=9))
    assert extracted == []

    path = root / "wavs" / "clip-002.wav"
    wave = hum(TEXTS[2], 2)
    soundfile.write(path, wave[::-1], RATE)  # as many bytes
    times = path.stat()
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert run(LJSpeech(root), out=out) != folder
    assert extracted == ["clip-002"]


def test_a_removed_shard_is_made_again(copied: tuple[Path, Path], extracted: list[str]) -> None:
    root, folder = copied
    shard = folder / "shards" / "00000.safetensors"
    content = shard.read_bytes()
    shard.unlink()
    corpus = PreparedCorpus.open(folder)
    with pytest.raises(StoreError, match=r"00000.safetensors is missing; delete it and .*corpus"):
        corpus.read(corpus.rows[0])
    (folder / "corpus.json").unlink()
    run(LJSpeech(root), out=folder.parent)
    assert len(extracted) == len(TEXTS)
    assert shard.read_bytes() == content


def test_files_are_readable_by_those_whom_the_umask_lets(copied: tuple[Path, Path]) -> None:
    mask = os.umask(0o027)
    try:
        folder = run(LJSpeech(copied[0], speaker="bob"), out=copied[1].parent)
    finally:
        os.umask(mask)
    modes = {path.stat().st_mode & 0o777 for path in folder.rglob("*.*") if path.name != ".lock"}
    assert modes == {0o640}


def damage(folder: Path, kind: str, feature: str = "mel") -> None:
    shard = folder / "shards" / "00000.safetensors"
    content = bytearray(shard.read_bytes())
    if kind == "bit":
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        start, end = header[f"clip-001/{feature}"]["data_offsets"]
        content[8 + int.from_bytes(content[:8], "little") + (start + end) // 2] ^= 4
    with shard.open("r+b") as file:  # in place, as a disk does it
        file.write(content)
        file.truncate(1000 if kind == "cut" else len(content))


@pytest.mark.parametrize("feature", ["mel", "pitch", "energy", "tokens", "audio"])
def test_a_flipped_bit_is_found_and_named(copied: tuple[Path, Path], feature: str) -> None:
    damage(copied[1], "bit", feature)
    corpus = PreparedCorpus.open(copied[1])
    with pytest.raises(
        StoreError, match=rf"00000\.safetensors.*the {feature} of utterance clip-001"
    ):
        corpus.read(corpus.rows[1])
    with pytest.raises(StoreError, match="clip-001"):
        corpus.read_slice(corpus.rows[1], feature, 0, 2)
    corpus.read(corpus.rows[0])


@pytest.mark.parametrize("kind", ["bit", "cut"])
@pytest.mark.parametrize("workers", [0, 1])
def test_damage_while_it_is_read_is_one_line(
    copied: tuple[Path, Path], kind: str, workers: int
) -> None:
    corpus = PreparedCorpus.open(copied[1])
    corpus.read(corpus.rows[0], READ)  # opened before it is damaged
    dataset = ReaderDataset(SpeechDataset([corpus], None, corpus.facts))  # type: ignore[arg-type]
    damage(copied[1], kind)
    with pytest.raises(StoreError) as error:
        list(DataLoader(dataset, batch_size=None, sampler=[[1]], num_workers=workers))
    assert "\n" not in str(error.value)
    assert "00000.safetensors is damaged" in str(error.value)


@pytest.mark.parametrize("name", ["manifest.jsonl", "corpus.json"])
@pytest.mark.parametrize(
    "content",
    [b"\x80\xff\x00", b"[]\n", b"null\n", b"{}\n", b"", b"[" * 9000, b'{"kept": true, "id": 3}\n'],
)
def test_a_damaged_description_is_named(
    copied: tuple[Path, Path], name: str, content: bytes
) -> None:
    (copied[1] / name).write_bytes(content)
    gc.collect()  # finalizers of earlier tests must not run at the end of the stack
    with pytest.raises(StoreError, match="damaged"):
        PreparedCorpus.open(copied[1])


def test_bad_recordings_are_dropped_and_the_rest_is_prepared(tmp_path: Path) -> None:
    root = ljspeech(tmp_path / "c")
    path = root / "wavs" / "clip-{}.wav"
    soundfile.write(str(path).format("000"), np.full(RATE, 1e20, np.float32), RATE, subtype="FLOAT")
    content = bytearray(Path(str(path).format("001")).read_bytes())
    content[24:28] = (1).to_bytes(4, "little")
    Path(str(path).format("001")).write_bytes(content)
    whole = Path(str(path).format("002")).read_bytes()
    Path(str(path).format("002")).write_bytes(whole[: len(whole) * 7 // 10])
    folder = run(LJSpeech(root), out=tmp_path / "out")
    reasons = [row["reason"] for row in read_rows(folder / "manifest.jsonl")]
    assert [reason is None for reason in reasons] == [False] * 3 + [True] * 3
    assert all(f"clip-00{n}.wav: " in reasons[n] for n in range(3))
    assert "cut off" in (folder / "report.txt").read_text()


def test_a_floor_of_zero_prepares_no_infinities(tmp_path: Path) -> None:
    root = ljspeech(tmp_path / "c")
    with pytest.raises(DoctorError, match=r"audio\.floor"):
        prepare(
            [LJSpeech(root)], Frontend(), MelContract(floor=0.0), tmp_path / "o", LENIENT, 0, False
        )


def test_the_same_corpus_twice_is_refused(
    copied: tuple[Path, Path], original: tuple[Path, Path]
) -> None:
    first, second = LJSpeech(original[0]), LJSpeech(copied[0], speaker="bob")
    with pytest.raises(CorpusError, match=r"data.corpora\[0\].*data.corpora\[1\].*same corpus"):
        run(first, first, out=copied[1].parent)
    with pytest.raises(CorpusError, match=r"same recordings \(6 of 6 files\)"):
        run(first, second, out=copied[1].parent)


def test_a_prepared_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        run(LJSpeech(ljspeech(tmp_path / "c")), out=tmp_path / "file" / "out")


GERMAN = ["Das ist nicht der Weg, den wir heute gehen.", "Sie hat es mir in der Stadt gesagt."] * 3


@pytest.mark.parametrize(
    ("language", "found"), [("de", None), ("en-us", "German"), ("nl", "German"), ("sw", "German")]
)
def test_texts_in_another_language_are_noticed(language: str, found: str | None) -> None:
    other = other_language(GERMAN, language)
    assert (other and other.name) == found


def test_the_report_warns_of_another_language(copied: tuple[Path, Path]) -> None:
    folder = run(LJSpeech(copied[0], language="de"), out=copied[1].parent)
    report = (folder / "report.txt").read_text()
    assert "warning: the texts seem to be English, and data.language is de" in report
    assert "columns id|text (guessed); for example id='clip-000'" in report


def test_each_training_repeats_once_that_the_language_seems_wrong(
    copied: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def warned(corpus: Corpus, settings: DataSettings) -> list[str]:
        caplog.clear()
        data = SpeechDataModule([corpus], Frontend(), MelContract(), settings)
        data.prepare_data()
        data.setup()
        data.prepare_data()  # as Lightning does
        return [line for line in caplog.messages if line.startswith("warning: ")]

    settings = DataSettings(prepared_dir=str(copied[1].parent), prepare=LENIENT, prepare_workers=0)
    wrong = LJSpeech(copied[0], language="de")
    first = warned(wrong, settings)
    assert [line[:37] for line in first] == ["warning: the texts seem to be English"]
    assert warned(wrong, settings) == first
    assert warned(Prepared(run(wrong, out=copied[1].parent)), settings) == first
    assert warned(LJSpeech(copied[0]), settings) == []


def test_a_corpus_that_grew_is_said_when_training_goes_on(
    copied: tuple[Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    root, folder = copied

    def module() -> SpeechDataModule:
        settings = DataSettings(str(folder.parent), LENIENT, prepare_workers=0)
        data = SpeechDataModule([LJSpeech(root)], Frontend(), MelContract(), settings)
        data.setup()
        return data

    state = module().state_dict()
    module().load_state_dict(state)
    assert not caplog.records
    soundfile.write(root / "wavs" / "new.wav", hum("a new sentence was read", 9), RATE)
    with (root / "metadata.csv").open("a") as file:
        file.write("new|a new sentence was read\n")
    grown = module()
    grown.load_state_dict(state)
    assert "6 utterances for train" in caplog.text
    assert "before 5" in caplog.text
