"""Prepared corpora as batches: an index in, padded tensors out."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from tts.batch import Batch
from tts.corpus import CorpusFacts
from tts.data.store import PreparedCorpus, Row

READ = ("tokens", "mel", "pitch", "energy", "durations")


class SpeechDataset(Dataset[Batch]):
    """One split of several prepared corpora, or all of them (``split=None``).

    Indexed by a list of rows, it returns their Batch.

    Whole batches are made where the rows are read, in the loader's workers.
    """

    def __init__(
        self, corpora: Sequence[PreparedCorpus], split: str | None, facts: CorpusFacts
    ) -> None:
        self.corpora = list(corpora)
        self.facts = facts
        self.places: list[tuple[int, Row]] = [
            (number, row)
            for number, corpus in enumerate(corpora)
            for row in corpus.rows
            if split in (row.split, None)
        ]

    def __len__(self) -> int:
        return len(self.places)

    @property
    def rows(self) -> list[Row]:
        return [row for _, row in self.places]

    @property
    def frame_lengths(self) -> list[int]:
        return [row.frames for row in self.rows]

    def __getitem__(self, indices: Sequence[int]) -> Batch:
        items = [self._read(index) for index in indices]
        rows = [self.places[index][1] for index in indices]
        timed = all("durations" in item for item in items)

        def lengths(name: str) -> Tensor:
            return torch.tensor([len(item[name]) for item in items])

        return Batch(
            tokens=_pad(items, "tokens"),
            token_lengths=lengths("tokens"),
            frame_lengths=lengths("mel"),
            mel=_pad(items, "mel"),
            durations=_pad(items, "durations").long() if timed else None,
            pitch=_pad(items, "pitch"),
            energy=_pad(items, "energy"),
            speaker=torch.tensor([self.facts.speakers.index(row.speaker) for row in rows]),
            language=torch.tensor([self.facts.languages.index(row.language) for row in rows]),
            utterance=torch.tensor(list(indices)),
        )

    def audio(self, index: int) -> Tensor:
        """``(S,)`` samples in [-1, 1] of one utterance, S = frames * hop."""
        number, row = self.places[index]
        return self.corpora[number].read(row, ("audio",))["audio"].float() / 32767

    def clip(self, index: int, start: int, frames: int) -> tuple[Tensor, Tensor]:
        """``(frames, M)`` mel and ``(frames * hop,)`` samples of an utterance from ``start`` on."""
        number, row = self.places[index]
        hop = self.facts.contract.hop
        corpus = self.corpora[number]
        mel = corpus.read_slice(row, "mel", start, frames).float()
        audio = corpus.read_slice(row, "audio", start * hop, frames * hop)
        return mel, audio.float() / 32767

    def _read(self, index: int) -> dict[str, Tensor]:
        number, row = self.places[index]
        return self.corpora[number].read(row, READ)


def _pad(items: list[dict[str, Tensor]], name: str) -> Tensor:
    """Zero-padded to the longest; the first axis is time."""
    return pad_sequence([item[name] for item in items], batch_first=True)
