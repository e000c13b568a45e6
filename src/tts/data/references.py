"""References of training utterances: another recording of the same speaker for each of them."""

import random
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from tts.batch import Batch
from tts.data.dataset import SpeechDataset
from tts.data.sampler import FrameBudgetSampler

SPEAKERS = 4096  # whose rows are kept at hand: a slice of the index each


class Excerpt(NamedTuple):
    """Frames of an utterance of a prepared corpus."""

    corpus: int  # number of the corpus
    row: int  # of its manifest
    start: int  # mel frames
    frames: int


class References:
    """Chooses an excerpt of up to ``longest`` frames for every utterance.

    It is of another utterance of the same speaker: a style computed from what is to be predicted
    would learn to carry the words. Only where a speaker has no other training utterance, it is a
    half of the same one. ``train``: the utterances to choose from.
    """

    def __init__(self, train: SpeechDataset, longest: int, seed: int = 1) -> None:
        self.longest, self.seed = longest, seed
        self._of_speaker = lru_cache(maxsize=SPEAKERS)(train.of_speaker)

    def choose(self, part: SpeechDataset, index: int, occasion: str = "0") -> Excerpt:
        """Return the reference of utterance ``index`` of ``part``, the same at one ``occasion``."""
        own = part.place(index)
        generator = random.Random(f"{self.seed}/{occasion}/{own}")
        others = self._of_speaker(part.speaker(index))
        count = sum(map(len, others))
        if count == 0 or (count == 1 and _place(others, 0) == own):
            return self._half(part, own, generator)
        place = own
        while place == own:
            place = _place(others, generator.randrange(count))
        return self._cut(part, place, generator, self.longest)

    def _half(
        self, part: SpeechDataset, place: tuple[int, int], generator: random.Random
    ) -> Excerpt:
        half = max(_frames(part, place) // 2, 1)
        return self._cut(part, place, generator, min(half, self.longest))

    @staticmethod
    def _cut(
        part: SpeechDataset, place: tuple[int, int], generator: random.Random, longest: int
    ) -> Excerpt:
        length = _frames(part, place)
        frames = min(length, longest)
        return Excerpt(*place, generator.randint(0, length - frames), frames)


class ReferenceSampler(FrameBudgetSampler):
    """A :class:`FrameBudgetSampler` of pairs: an utterance and the excerpt that is its reference.

    The excerpts depend on (seed, epoch, batch, utterance): a resumed training sees the same, and an
    utterance that comes several times in an epoch (``data.balance``) has others each time.
    """

    def attach(self, references: References, part: SpeechDataset) -> "ReferenceSampler":
        self.references, self.part = references, part
        return self

    def __iter__(self) -> Iterator[Any]:
        epoch, first = self.epoch, self.start
        for number, indices in enumerate(super().__iter__(), first):
            occasion = f"{epoch}/{number}"
            yield [(index, self.references.choose(self.part, index, occasion)) for index in indices]


class ReferencedDataset(Dataset[Batch]):
    """Returns the Batch of pairs of an utterance and its reference.

    ``embedded``: with the speaker embedding of the reference's utterance.
    """

    def __init__(self, speech: SpeechDataset, embedded: bool = False) -> None:
        self.speech, self.embedded = speech, embedded

    def __getitem__(self, pairs: Sequence[tuple[int, Excerpt]]) -> Batch:
        excerpts = [excerpt for _, excerpt in pairs]
        mels = [read_mel(self.speech, excerpt) for excerpt in excerpts]
        batch = self.speech[[index for index, _ in pairs]]
        return batch._replace(
            reference=pad_sequence(mels, batch_first=True),
            reference_lengths=torch.tensor([len(mel) for mel in mels]),
            embedding=self._embeddings(excerpts) if self.embedded else None,
        )

    def _embeddings(self, excerpts: Sequence[Excerpt]) -> Tensor:
        return torch.stack([self.speech.embedding(one.corpus, one.row) for one in excerpts])


def read_mel(speech: SpeechDataset, excerpt: Excerpt) -> Tensor:
    """Read the log mel ``(frames, M)`` of an excerpt."""
    corpus = speech.corpora[excerpt.corpus]
    row = corpus.rows[excerpt.row]
    return corpus.read_slice(row, "mel", excerpt.start, excerpt.frames).float()


def _place(rows: Sequence[np.ndarray], number: int) -> tuple[int, int]:
    """Return corpus and row of one of the rows that several corpora have."""
    for corpus, part in enumerate(rows):
        if number < len(part):
            return corpus, int(part[number])
        number -= len(part)
    raise IndexError(number)


def _frames(part: SpeechDataset, place: tuple[int, int]) -> int:
    corpus, row = place
    return int(part.corpora[corpus].rows.frames[row])
