"""Dataset of prepared corpora: a list of row indices in, a padded batch out."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from tts.batch import Batch
from tts.corpus import CorpusFacts
from tts.data.store import FULL_SCALE, PreparedCorpus, Row

READ = ("tokens", "mel", "pitch", "energy", "durations")


class SpeechDataset(Dataset[Batch]):
    """One split of several prepared corpora, or all of them (``split=None``).

    Indexed by a list of rows, it returns their Batch, with codes where all corpora were opened with
    a codec's: complete batches are made in the loader's workers, where the rows are read.
    """

    def __init__(
        self, corpora: Sequence[PreparedCorpus], split: str | None, facts: CorpusFacts
    ) -> None:
        self.corpora = list(corpora)
        self.facts = facts
        self.places: list[tuple[int, Row]] = [  # number of the corpus, row
            (number, row)
            for number, corpus in enumerate(corpora)
            for row in corpus.rows
            if split in (row.split, None)
        ]
        self.coded = all(corpus.codes is not None for corpus in self.corpora)

    def __len__(self) -> int:
        return len(self.places)

    @property
    def rows(self) -> list[Row]:
        return [row for _, row in self.places]

    @property
    def frame_lengths(self) -> list[int]:
        """Mel frames of every row."""
        return [row.frames for row in self.rows]

    def __getitem__(self, indices: Sequence[int]) -> Batch:
        items = [self._read(index) for index in indices]
        rows = [self.places[index][1] for index in indices]
        timed = all("durations" in item for item in items)
        return Batch(
            tokens=_pad(items, "tokens"),
            token_lengths=_lengths(items, "tokens"),
            frame_lengths=_lengths(items, "mel"),
            mel=_pad(items, "mel"),
            codes=_pad(items, "codes") if self.coded else None,
            code_lengths=_lengths(items, "codes") if self.coded else None,
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
        return self.corpora[number].read_audio(row)

    def clip(self, index: int, start: int, frames: int) -> tuple[Tensor, Tensor]:
        """``(frames, M)`` mel and ``(frames * hop,)`` samples from frame ``start`` on."""
        number, row = self.places[index]
        hop = self.facts.contract.hop
        corpus = self.corpora[number]
        mel = corpus.read_slice(row, "mel", start, frames).float()
        audio = corpus.read_slice(row, "audio", start * hop, frames * hop)
        return mel, audio.float() / FULL_SCALE

    def _read(self, index: int) -> dict[str, Tensor]:
        number, row = self.places[index]
        names = (*READ, "codes") if self.coded else READ
        return self.corpora[number].read(row, names)


def _lengths(items: list[dict[str, Tensor]], name: str) -> Tensor:
    return torch.tensor([len(item[name]) for item in items])


def _pad(items: list[dict[str, Tensor]], name: str) -> Tensor:
    """Stack, with zeros after the end of the shorter ones; the first axis is time."""
    return pad_sequence([item[name] for item in items], batch_first=True)
