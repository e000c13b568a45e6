"""Prepared corpora in object storage: fsspec's memory file system stands for a store."""

import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
import torch

from tests.data.recordings import TEXTS, ljspeech
from tts.containment import ContainmentError, require_corpora_inside
from tts.contract import ContractError, MelContract
from tts.data.corpora.ljspeech import LJSpeech
from tts.data.corpora.prepared import Prepared
from tts.data.corpora.source import Corpus
from tts.data.datamodule import DataSettings, SpeechDataModule
from tts.data.prepare import prepare
from tts.data.prepare_settings import PrepareSettings
from tts.data.remote import Storage
from tts.data.store import PreparedCorpus, StoreError
from tts.object_store import ObjectFolder, ObjectStoreError, local_copy
from tts.text.characters import Characters
from tts.text.frontend import Frontend

URL = "memory://bucket/prepared"
LENIENT = PrepareSettings(max_dropped=0.99)


def run(corpus: Corpus, cache: Path, contract: MelContract | None = None) -> Path:
    storage = Storage(URL, str(cache))
    return prepare([corpus], Frontend(), contract or MelContract(), storage, LENIENT, 0, False)[0]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The local folder of a corpus that was prepared into the store."""
    place = tmp_path_factory.mktemp("made")
    yield run(LJSpeech(ljspeech(place / "c")), place / "cache")
    fsspec.filesystem("memory").store.clear()


def shards(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("shards/*"))


def test_another_machine_copies_only_what_it_reads(made: Path, tmp_path: Path) -> None:
    there = Prepared(f"{URL}/{made.name}")
    folder = run(there, tmp_path)
    assert folder == tmp_path / "memory" / "bucket" / "prepared" / made.name
    assert not shards(folder)
    ours, theirs = PreparedCorpus.open(made), PreparedCorpus.open(folder)
    assert ours.facts == theirs.facts
    for row in theirs.rows:
        mine, other = ours.read(row), theirs.read(row)
        assert all(torch.equal(mine[name], other[name]) for name in mine)
    assert shards(folder) == shards(made)


def test_a_corpus_that_the_store_has_is_not_prepared_again(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tts.data.prepare._prepare_corpus", lambda *_: pytest.fail("prepared"))
    assert run(LJSpeech(made.parents[4] / "c"), tmp_path).name == made.name


def test_a_killed_upload_is_finished_and_the_marker_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = LJSpeech(ljspeech(tmp_path / "killed"))
    sent: list[str] = []
    real = ObjectFolder.upload

    def cut(self: ObjectFolder, folder: Path, names: list[str]) -> None:
        sent.extend(names)
        real(self, folder, names[:1])
        raise KeyboardInterrupt

    monkeypatch.setattr(ObjectFolder, "upload", cut)
    with pytest.raises(KeyboardInterrupt):
        run(corpus, tmp_path / "cache")
    assert "corpus.json" not in sent
    monkeypatch.setattr(ObjectFolder, "upload", real)
    folder = run(corpus, tmp_path / "cache")
    assert len(PreparedCorpus.open(run(Prepared(f"{URL}/{folder.name}"), tmp_path)).rows) == 6


def test_a_training_reads_batches_of_it(made: Path, tmp_path: Path) -> None:
    settings = DataSettings(cache_dir=str(tmp_path), workers=0, prepare=LENIENT)
    corpora = [Prepared(f"{URL}/{made.name}")]
    data = SpeechDataModule(corpora, Frontend(), MelContract(), settings)
    data.setup()
    parts = [data.train_dataloader(), data.val_dataloader()]
    assert sum(len(batch.frame_lengths) for part in parts for batch in part) == len(TEXTS)


def test_a_corpus_made_otherwise_is_an_error(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="hop"):
        run(Prepared(made), tmp_path, MelContract(hop=200))
    letters, prepared = Frontend(Characters()), [Prepared(made)]
    with pytest.raises(StoreError, match=r"another front end \(phonemizer differs\)"):
        prepare(prepared, letters, MelContract(), tmp_path, LENIENT, 0, False)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://bucket/none", "is not a finished prepared corpus"),
        ("nothing://bucket/x", "Protocol not known"),
        ("memory://bucket/../x", "not the URL of a folder"),
    ],
)
def test_a_url_without_a_corpus_is_one_clear_error(url: str, message: str, tmp_path: Path) -> None:
    with pytest.raises((StoreError, ObjectStoreError), match=message) as caught:
        run(Prepared(url), tmp_path)
    assert url in str(caught.value)


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (PermissionError("Access Denied"), "Access Denied.*credentials"),
        (RuntimeError("Unable to locate credentials"), "credentials"),
        (FileNotFoundError("bucket"), "no such bucket"),
    ],
)
def test_a_store_that_refuses_is_one_clear_error(
    raised: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise raised

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "pipe_file", refuse)
    with pytest.raises(ObjectStoreError, match=f"{URL}.*{message}"):
        ObjectFolder(URL).require_writable()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("s3fs"):
            raise ImportError("no s3fs")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ObjectStoreError, match="extra s3"):
        ObjectFolder("s3://bucket/x")


def test_a_foreign_run_reads_no_store_that_was_not_read_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = {"path": "s3://bucket/x", "prepared_dir": "prepared"}
    with pytest.raises(ContainmentError, match="object storage"):
        require_corpora_inside(data, tmp_path / "run", "x")
    require_corpora_inside(data, tmp_path / "run", "x", ["data.path"])
    copy = local_copy("s3://bucket/x", "prepared")
    copy.mkdir(parents=True)
    (copy / "origin.json").write_text("{}")
    require_corpora_inside(data, tmp_path / "run", "x")
