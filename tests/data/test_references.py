"""References in training: another recording of the speaker, never the target where one exists."""

import pickle
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tts.data.manifest import Manifest, Row, row_dict, write_rows
from tts.data.references import ReferencedDataset, References, ReferenceSampler


class FakeCorpus:
    """Rows of ``speakers``; the mel of a row consists of its number."""

    def __init__(self, speakers: Sequence[str], frames: Sequence[int]) -> None:
        self.rows: Any = [
            SimpleNamespace(id=str(n), speaker=speaker, number=n)
            for n, speaker in enumerate(speakers)
        ]
        self.rows = _Rows(self.rows)
        self.rows.frames = np.array(frames)

    def read_slice(self, row: Any, name: str, start: int, length: int) -> torch.Tensor:
        frames = torch.arange(start, start + length, dtype=torch.float32)
        return torch.stack([torch.full_like(frames, float(row.number)), frames], 1)


class _Rows(list[Any]):
    frames: np.ndarray

    def speaker(self, number: int) -> str:
        return str(self[number].speaker)


class FakePart:
    """A split: (corpus, row) by index."""

    def __init__(self, corpora: list[FakeCorpus], places: list[tuple[int, int]]) -> None:
        self.corpora, self.places = corpora, places
        self.frame_lengths = np.array([corpora[c].rows.frames[r] for c, r in places])

    def of_speaker(self, name: str) -> list[np.ndarray]:
        return [
            np.array([r for c, r in self.places if c == n and corpus.rows.speaker(r) == name])
            for n, corpus in enumerate(self.corpora)
        ]

    def speaker(self, index: int) -> str:
        return str(self.row(index).speaker)

    def row(self, index: int) -> Any:
        corpus, row = self.places[index]
        return self.corpora[corpus].rows[row]

    def place(self, index: int) -> tuple[int, int]:
        return self.places[index]


CORPORA = [FakeCorpus(["ann"] * 5 + ["bob"], [100, 40, 60, 80, 90, 70]), FakeCorpus(["ann"], [50])]
TRAIN: Any = FakePart(CORPORA, [(0, 0), (0, 1), (0, 2), (0, 3), (0, 5), (1, 0)])
VALIDATION: Any = FakePart(CORPORA, [(0, 4)])
REFERENCES = References(TRAIN, longest=30)


@pytest.mark.parametrize("epoch", range(20))
def test_a_reference_is_another_training_utterance_of_the_speaker(epoch: int) -> None:
    for part in (TRAIN, VALIDATION):
        for index in range(len(part.places)):
            chosen = REFERENCES.choose(part, index, str(epoch))
            row = CORPORA[chosen.corpus].rows[chosen.row]
            place = (chosen.corpus, chosen.row)
            assert row.speaker == part.row(index).speaker
            assert place in TRAIN.places
            assert 0 < chosen.frames <= 30
            assert chosen.start + chosen.frames <= CORPORA[chosen.corpus].rows.frames[chosen.row]
            assert (place != part.place(index)) or row.speaker == "bob"


def test_a_speaker_of_one_utterance_hears_a_part_of_it() -> None:
    chosen = References(TRAIN, longest=1000).choose(TRAIN, 4)
    assert (chosen.corpus, chosen.row, chosen.frames) == (0, 5, 35)


def test_references_change_with_the_occasion_and_are_found_again() -> None:
    epochs = [[REFERENCES.choose(TRAIN, n, occasion) for n in range(6)] for occasion in "010"]
    assert epochs[0] == epochs[2] != epochs[1]


def test_a_sampler_that_resumes_yields_the_same_references() -> None:
    def sampler() -> ReferenceSampler:
        return ReferenceSampler(TRAIN.frame_lengths, 100, seed=3).attach(REFERENCES, TRAIN)

    whole, resumed = sampler(), sampler()
    batches = [batch for epoch in (0, 1) for batch in (whole.set_epoch(epoch), list(whole))[1]]
    resumed.resume(len(whole) + 1)
    assert list(resumed) == batches[len(whole) + 1 :]


def test_an_utterance_that_comes_again_in_an_epoch_has_another_reference() -> None:
    repeated = np.array([1, 1, 1, 1, 8, 1])
    sampler = ReferenceSampler(TRAIN.frame_lengths, 100, seed=3, repetitions=repeated)
    pairs = [pair for batch in sampler.attach(REFERENCES, TRAIN) for pair in batch]
    chosen = [excerpt for index, excerpt in pairs if index == 4]
    assert len(chosen) == 8
    assert len({excerpt.start for excerpt in chosen}) > 4


def test_a_batch_has_the_frames_of_its_references() -> None:
    class Speech:
        corpora = CORPORA

        def __getitem__(self, indices: list[int]) -> Any:
            from fakes import make_batch

            return make_batch(0, len(indices))

    pairs = [(n, REFERENCES.choose(TRAIN, n)) for n in range(3)]
    batch = ReferencedDataset(Speech())[pairs]  # type: ignore[arg-type]
    assert batch.reference is not None
    assert batch.reference_lengths is not None
    for (_, chosen), mel, length in zip(
        pairs, batch.reference, batch.reference_lengths, strict=True
    ):
        assert int(length) == chosen.frames
        assert (mel[:length, 0] == chosen.row).all()
        assert int(mel[0, 1]) == chosen.start


def test_the_rows_of_a_speaker_are_found_in_the_index(tmp_path: Path) -> None:
    speakers, splits = ("bob", "ann", "eve"), ("train", "train", "validation", None)
    rows = [
        Row(str(n), "", "", "", speakers[n * n % 3], "en", 1.0, 50, 1, n % 5 > 0, None,
            splits[n % 4] if n % 5 else None, n)
        for n in range(60)
    ]  # fmt: skip
    write_rows(tmp_path / "manifest.jsonl", map(row_dict, rows))
    kept = [row for row in rows if row.kept]
    for manifest in (Manifest(tmp_path), pickle.loads(pickle.dumps(Manifest(tmp_path)))):
        assert [manifest.speaker(n) for n in range(len(kept))] == [row.speaker for row in kept]
        for name in (*speakers, "nobody"):
            for split in ("train", "validation", None):
                found = manifest.of_speaker(name, split).tolist()
                mine = [n for n, row in enumerate(kept) if row.speaker == name]
                assert found == [n for n in mine if split in (None, kept[n].split)]
