"""Dataset of prepared corpora: a list of row indices in, a padded batch out."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from tts.batch import Batch
from tts.corpus import CorpusFacts
from tts.data.manifest import SPLITS
from tts.data.store import FULL_SCALE, PreparedCorpus, Row, StoreError
from tts.plain_data import PlainData

READ = ("tokens", "mel", "pitch", "energy", "durations")


class SpeechDataset(Dataset[Batch]):
    """One split of several prepared corpora, or all of them (``split=None``).

    ``speakers``: only utterances of these; None: of everybody.

    Indexed by a list of rows, it returns their Batch, with codes where all corpora were opened with
    a codec's: complete batches are made in the loader's workers, where the rows are read.
    """

    def __init__(
        self,
        corpora: Sequence[PreparedCorpus],
        split: str | None,
        facts: CorpusFacts,
        speakers: Collection[str] | None = None,
    ) -> None:
        self.corpora = list(corpora)
        self.facts = facts
        self._split = split
        self._speakers = None if speakers is None else sorted(speakers)
        self._chosen = [corpus.rows.split_of(split, speakers) for corpus in self.corpora]
        self._ends = np.cumsum([len(numbers) for numbers in self._chosen])
        self.coded = all(corpus.codes is not None for corpus in self.corpora)

    def __len__(self) -> int:
        return int(self._ends[-1]) if self.corpora else 0

    @property
    def rows(self) -> Iterator[Row]:
        """All rows in order, read one after the other."""
        return (self.row(index) for index in range(len(self)))

    @cached_property
    def frame_lengths(self) -> np.ndarray:
        """``(len(self),)`` int32, mel frames of every row."""
        parts = zip(self.corpora, self._chosen, strict=True)
        return np.concatenate([corpus.rows.frames[numbers] for corpus, numbers in parts])

    @cached_property
    def speaker_numbers(self) -> np.ndarray:
        """``(len(self),)`` int32, the number of every row's speaker in ``facts.speakers``."""
        parts = zip(self.corpora, self._chosen, strict=True)
        known = self.facts.speakers
        return np.concatenate([corpus.rows.speakers_of(rows, known) for corpus, rows in parts])

    def row(self, index: int) -> Row:
        """Read a row of the manifest. Raises StoreError where it is damaged."""
        number, place = self.place(index)
        corpus = self.corpora[number]
        try:
            return corpus.rows[place]
        except (OSError, ValueError, TypeError, LookupError) as error:
            raise StoreError(
                f"{corpus.rows.path} is damaged or changed while it was in use: {error}"
            ) from error

    def speaker(self, index: int) -> str:
        """Return the speaker of a row, from the index."""
        number, place = self.place(index)
        return self.corpora[number].rows.speaker(place)

    def of_speaker(self, name: str) -> list[np.ndarray]:
        """Return for each corpus the numbers of a speaker's rows, in order."""
        if self._speakers is not None and name not in self._speakers:
            return []
        return [corpus.rows.of_speaker(name, self._split) for corpus in self.corpora]

    def summary(self) -> PlainData:
        """Return what the split consists of: its utterances, and a hash of their content."""
        splits = SPLITS if self._split is None else (self._split,)
        digests = [corpus.rows.digest(split) for corpus in self.corpora for split in splits]
        alone = len(digests) == 1 and self._speakers is None
        together = hashlib.sha256("".join([*digests, *(self._speakers or ())]).encode())
        return {
            "utterances": len(self), "hash": digests[0] if alone else together.hexdigest()[:16],
        }  # fmt: skip

    def place(self, index: int) -> tuple[int, int]:
        """Return the corpus of a row and its number there."""
        if not 0 <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        corpus = int(np.searchsorted(self._ends, index, side="right"))
        before = int(self._ends[corpus - 1]) if corpus else 0
        return corpus, int(self._chosen[corpus][index - before])

    def __getitem__(self, indices: Sequence[int]) -> Batch:
        rows = [self.row(index) for index in indices]
        items = [self._read(index, row) for index, row in zip(indices, rows, strict=True)]
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
        return self.corpora[self.place(index)[0]].read_audio(self.row(index))

    def embedding(self, corpus: int, place: int) -> Tensor:
        """``(E,)`` speaker embedding of a row of a corpus, whose embeddings are prepared."""
        return self.corpora[corpus].read_embedding(self.corpora[corpus].rows[place])

    def clip(self, index: int, start: int, frames: int) -> tuple[Tensor, Tensor]:
        """``(frames, M)`` mel and ``(frames * hop,)`` samples from frame ``start`` on."""
        row, hop = self.row(index), self.facts.contract.hop
        corpus = self.corpora[self.place(index)[0]]
        mel = corpus.read_slice(row, "mel", start, frames).float()
        audio = corpus.read_slice(row, "audio", start * hop, frames * hop)
        return mel, audio.float() / FULL_SCALE

    def clip_pitch(self, index: int, start: int, frames: int) -> Tensor:
        """``(frames,)`` pitch in Hz from frame ``start`` on, 0 = unvoiced."""
        corpus = self.corpora[self.place(index)[0]]
        return corpus.read_slice(self.row(index), "pitch", start, frames).float()

    def _read(self, index: int, row: Row) -> dict[str, Tensor]:
        names = (*READ, "codes") if self.coded else READ
        return self.corpora[self.place(index)[0]].read(row, names)


def _lengths(items: list[dict[str, Tensor]], name: str) -> Tensor:
    return torch.tensor([len(item[name]) for item in items])


def _pad(items: list[dict[str, Tensor]], name: str) -> Tensor:
    """Stack, with zeros after the end of the shorter ones; the first axis is time."""
    return pad_sequence([item[name] for item in items], batch_first=True)
