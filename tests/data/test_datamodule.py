"""Data module: from corpora to batches, and the processes that read them."""

import multiprocessing
import os
import signal
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from omegaconf import OmegaConf

from tests.data.recordings import TEXTS, ljspeech
from tts.callbacks.support.datamodule import is_without_validation
from tts.contract import MelContract
from tts.data.corpora.ljspeech import LJSpeech
from tts.data.data_settings import DataSettings
from tts.data.datamodule import SpeechDataModule, _context, kill_readers
from tts.data.prepare_settings import PrepareSettings
from tts.errors import UserError
from tts.masks import mask_from_lengths
from tts.project_files import CONF
from tts.text.frontend import Frontend
from tts.training.data import leave_out_empty_validation

MORE = tuple(f"{text} once more" for text in TEXTS)


def module(tmp_path: Path, **options: object) -> SpeechDataModule:
    roots = [tmp_path / "ann", tmp_path / "bob"]
    for root, texts in zip(roots, (TEXTS, MORE), strict=True):
        if not root.exists():
            ljspeech(root, texts)
    corpora = [{"root": str(roots[0])}, {"root": str(roots[1]), "language": "en-gb"}]
    data = SpeechDataModule.from_config(
        partial(LJSpeech),
        Frontend(),
        MelContract(),
        corpora=corpora,
        prepared_dir=str(tmp_path / "prepared"),
        frames_per_batch=600,
        **{"prepare": PrepareSettings(validation_share=0.34), "workers": 0, **options},  # type: ignore[arg-type]
    )
    data.prepare_data()
    return data


def test_validation_is_left_out_only_where_no_utterance_is_for_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for share, limit in ((0.34, 1.0), (0.0, 0)):
        trainer = SimpleNamespace(limit_val_batches=1.0)
        data = module(tmp_path, prepare=PrepareSettings(validation_share=share))
        trainer.datamodule = data
        leave_out_empty_validation(data, trainer)  # type: ignore[arg-type]
        assert trainer.limit_val_batches == limit
        assert ("data.prepare.validation_share=0)" in caplog.text) == (not limit)
        assert is_without_validation(trainer) == (not limit)  # type: ignore[arg-type]


def test_two_corpora_train_together(tmp_path: Path) -> None:
    data = module(tmp_path)
    assert data.facts.speakers == ("ann", "bob")
    assert data.facts.languages == ("en-us", "en-gb")
    ids: dict[int, str] = {}
    for batch in data.train_dataloader():
        assert batch.speaker is not None
        assert batch.language is not None
        assert torch.equal(batch.speaker, batch.language)  # ann is American, bob British
        ids |= {int(u): data.utterance_id(int(u)) for u in batch.utterance}
    assert len(ids) == len(data.dataset("train")) == 8
    assert len(data.dataset("validation")) == 4


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_readers_ignore_signals(tmp_path: Path, signum: int) -> None:
    batches = iter(module(tmp_path, workers=1).train_dataloader())
    count = len(next(batches).tokens)
    (reader,) = batches._workers  # type: ignore[attr-defined]
    os.kill(reader.pid, signum)
    assert count + sum(len(batch.tokens) for batch in batches) == 8


def test_readers_are_killed_at_exit(tmp_path: Path) -> None:
    batches = iter(module(tmp_path, workers=1).train_dataloader())
    next(batches)
    (reader,) = batches._workers  # type: ignore[attr-defined]
    reader.terminate()  # multiprocessing does this at exit, then waits
    reader.join(1)
    assert reader.is_alive()
    handler = signal.getsignal(signal.SIGCHLD)
    kill_readers()  # registered to run before that
    reader.join(10)
    assert not reader.is_alive()
    batches._shutdown_workers()  # type: ignore[attr-defined]  # else torch reports it as missing
    signal.signal(signal.SIGCHLD, handler)


@pytest.mark.parametrize("workers", [0, 1])
def test_padding_is_zero_beyond_the_lengths(tmp_path: Path, workers: int) -> None:
    data = module(tmp_path, workers=workers)
    for batch in data.train_dataloader():
        frames = mask_from_lengths(batch.frame_lengths)
        assert batch.mel.shape == (*frames.shape, 80)
        assert batch.mel.dtype == torch.float32
        for values in (batch.mel, batch.pitch, batch.energy):
            assert not values[~frames].any()
        tokens = mask_from_lengths(batch.token_lengths)
        assert (batch.tokens > 0).equal(tokens)
        assert batch.durations is None


def test_batches_repeat_with_the_seed(tmp_path: Path) -> None:
    first = [b.utterance.tolist() for b in module(tmp_path).train_dataloader()]
    assert [b.utterance.tolist() for b in module(tmp_path).train_dataloader()] == first


def test_the_position_in_an_epoch_is_part_of_the_state(tmp_path: Path) -> None:
    full = [b.utterance.tolist() for b in module(tmp_path).train_dataloader()]
    data = module(tmp_path)
    data.load_state_dict({"consumed": 2})
    assert [b.utterance.tolist() for b in data.train_dataloader()] == full[2:]


def test_defaults_are_those_of_the_config() -> None:
    data = OmegaConf.to_container(OmegaConf.load(CONF / "data" / "_corpus.yaml"))
    assert isinstance(data, dict)
    prepare = {key: value for key, value in data["prepare"].items() if key != "_target_"}
    assert prepare == vars(PrepareSettings())
    others = {name: data[name] for name in DataSettings._fields if name != "prepare"}
    assert DataSettings(**others | {"seed": 1}) == DataSettings()
    assert data["seed"] == "${seed}"


def test_a_wrong_key_of_a_corpus_is_named(tmp_path: Path) -> None:
    make = partial(
        SpeechDataModule.from_config,
        partial(LJSpeech),
        Frontend(),
        MelContract(),
        prepared_dir=str(tmp_path),
    )
    with pytest.raises(
        UserError, match=r"corpora\[0\] has an unknown key: rot; choose from .*root"
    ):
        make(corpora=[{"rot": "x"}])
    with pytest.raises(UserError, match=r"corpora=\[\] is empty"):
        make(corpora=[])


def test_reading_processes_start_in_a_process_of_joblib(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _context() is None
    monkeypatch.setattr(multiprocessing, "get_start_method", lambda: "loky")
    assert _context() in multiprocessing.get_all_start_methods()
