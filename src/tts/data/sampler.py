"""Batch sampler with a budget of frames: utterances of similar length, distributed over ranks."""

import random
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import ClassVar, NamedTuple

import numpy as np
from torch.utils.data import Sampler

from tts.data.shards import SHARD
from tts.errors import UserError


class _Batches(NamedTuple):
    """Batches of one pool, R rounds of one batch per rank."""

    indices: np.ndarray  # (utterances of the pool,), in order of length
    bounds: np.ndarray  # (R, ranks, 2): first and last + 1 of each batch

    def batch(self, number: int, place: int) -> list[int]:
        first, last = self.bounds[number, place]
        return self.indices[first:last].tolist()


class FrameBudgetSampler(Sampler[list[int]]):
    """Yield lists of indices whose padded size, utterances x longest, fits ``frames_per_batch``.

    The batches are the same in every epoch, given the lengths and the seed; with ``shuffle`` their
    order depends on (seed, epoch). With several ranks the batches come in rounds of one per rank,
    of similar length, so that no rank waits. Batches are split until they fill the rounds, so that
    every utterance comes exactly once per epoch, over all ranks, or as often as ``repetitions``
    says. ``name_of`` returns the name of an utterance, for error messages.

    More than ``pool`` utterances are divided at random into pools of that size, which an epoch
    goes through one after the other: time and memory to start stay small for any corpus.

    Set ``epoch`` and ``start`` (batches of it already consumed) to continue within an epoch.
    """

    pool: ClassVar[int] = 2**20  # utterances that are sorted together

    def __init__(
        self,
        frame_lengths: Sequence[int] | np.ndarray,
        frames_per_batch: int,
        seed: int = 1,
        shuffle: bool = True,
        rank: int = 0,
        ranks: int = 1,
        name_of: Callable[[int], str] = "number {}".format,
        repetitions: np.ndarray | None = None,
    ) -> None:
        lengths = np.asarray(frame_lengths, dtype=np.int32)
        longest = int(lengths.argmax()) if len(lengths) else 0
        if len(lengths) and lengths[longest] > frames_per_batch:
            raise UserError(
                f"utterance {name_of(longest)} has {lengths[longest]} frames, more than "
                f"data.frames_per_batch={frames_per_batch}: raise that or lower "
                "data.prepare.max_seconds"
            )
        if len(lengths) < ranks:
            raise UserError(
                f"{len(lengths)} utterances cannot be distributed over {ranks} processes: "
                "use fewer devices (trainer.devices)"
            )
        self.seed, self.shuffle, self.rank, self.ranks = seed, shuffle, rank, ranks
        self._lengths, self._budget = lengths, frames_per_batch
        self._repetitions = repetitions
        self._pools = max(1, round(len(lengths) / self.pool))
        self._batches = lru_cache(maxsize=1)(self._make)
        self._rounds = [len(self._batches(number).bounds) for number in range(self._pools)]
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        """Batches of one rank in a full epoch."""
        return sum(self._rounds)

    def __iter__(self) -> Iterator[list[int]]:
        generator = random.Random(f"{self.seed}/{self.epoch}")
        start, self.start = self.start, 0
        for pool in self._order(self._pools, generator):
            order = self._order(self._rounds[pool], generator)
            for number in order[start:]:
                # rotated by the epoch, so that a rank does not always get one place of a round
                place = (self.rank + self.epoch) % self.ranks
                yield self._batches(pool).batch(number, place)
            start = max(0, start - len(order))

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def resume(self, consumed: int) -> None:
        """Continue after ``consumed`` batches of this rank, counted from the first epoch."""
        self.epoch, self.start = divmod(consumed, len(self))

    def _order(self, count: int, generator: random.Random) -> list[int]:
        order = list(range(count))
        if self.shuffle:
            generator.shuffle(order)
        return order

    def _make(self, pool: int) -> _Batches:
        generator = np.random.default_rng([self.seed, pool])
        indices = self._members(pool)
        if self._repetitions is not None:
            indices = np.repeat(indices, self._repetitions[indices])
        lengths = self._lengths[indices]
        # a little noise varies the combinations, at the cost of a few per cent of padding
        noise = generator.uniform(0.97, 1.03, len(lengths))
        order = np.argsort(lengths * noise, kind="stable")
        indices, lengths = indices[order], lengths[order]
        bounds = _rounds(_buckets(lengths, self._budget), self.ranks)
        return _Batches(indices, bounds)

    def _members(self, pool: int) -> np.ndarray:
        """Return the indices of a pool: neighbors, about a shard of them, drawn together."""
        count = len(self._lengths)
        if self._pools == 1:
            return np.arange(count)
        blocks = np.random.default_rng(self.seed).permutation(-(-count // SHARD))
        own = np.sort(blocks[pool :: self._pools])
        indices = (own[:, None] * SHARD + np.arange(SHARD)).ravel()
        return indices[indices < count]


def _buckets(lengths: np.ndarray, budget: int) -> list[int]:
    """Return where each batch ends, of as many neighbors as fit the budget."""
    ends = []
    start, count = 0, len(lengths)
    while start < count:
        # no more can fit than of the first one's length, were all as short
        part = lengths[start : start + budget // int(lengths[start])]
        padded = np.maximum.accumulate(part) * np.arange(1, len(part) + 1)
        start += max(1, int(np.searchsorted(padded, budget, side="right")))
        ends.append(start)
    return ends


def _rounds(ends: list[int], ranks: int) -> np.ndarray:
    """Group neighboring batches, one per rank; the largest are split until all rounds are full."""
    bounds = np.array([0, *ends])
    while (len(bounds) - 1) % ranks:
        sizes = np.diff(bounds)
        largest = int(sizes.argmax())
        bounds = np.insert(bounds, largest + 1, bounds[largest] + sizes[largest] // 2)
    return np.stack([bounds[:-1], bounds[1:]], 1).reshape(-1, ranks, 2)
