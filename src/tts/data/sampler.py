"""Batch sampler with a budget of frames: utterances of similar length, distributed over ranks."""

import random
from collections.abc import Iterator, Sequence

from torch.utils.data import Sampler

from tts.errors import UserError


class FrameBudgetSampler(Sampler[list[int]]):
    """Yield lists of indices whose padded size, utterances x longest, fits ``frames_per_batch``.

    The batches are the same in every epoch, given the lengths and the seed; with ``shuffle`` their
    order depends on (seed, epoch). With several ranks the batches come in rounds of one per rank,
    of similar length, so that no rank waits. Batches are split until they fill the rounds, so that
    every utterance comes exactly once per epoch, over all ranks. ``names``: of the utterances, for
    error messages.

    Set ``epoch`` and ``start`` (batches of it already consumed) to continue within an epoch.
    """

    def __init__(
        self,
        frame_lengths: Sequence[int],
        frames_per_batch: int,
        seed: int = 1,
        shuffle: bool = True,
        rank: int = 0,
        ranks: int = 1,
        names: Sequence[str] | None = None,
    ) -> None:
        longest = max(range(len(frame_lengths)), key=frame_lengths.__getitem__, default=None)
        if longest is not None and frame_lengths[longest] > frames_per_batch:
            name = names[longest] if names is not None else f"number {longest}"
            raise UserError(
                f"utterance {name} has {frame_lengths[longest]} frames, more than "
                f"data.frames_per_batch={frames_per_batch}: raise that or lower "
                "data.prepare.max_seconds"
            )
        if len(frame_lengths) < ranks:
            raise UserError(
                f"{len(frame_lengths)} utterances cannot be distributed over {ranks} processes: "
                "use fewer devices (trainer.devices)"
            )
        self.seed, self.shuffle, self.rank, self.ranks = seed, shuffle, rank, ranks
        self.rounds = _rounds(_buckets(frame_lengths, frames_per_batch, seed), ranks)
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        """Batches of one rank in a full epoch."""
        return len(self.rounds)

    def __iter__(self) -> Iterator[list[int]]:
        order = list(range(len(self.rounds)))
        if self.shuffle:
            random.Random(f"{self.seed}/{self.epoch}").shuffle(order)
        start, self.start = self.start, 0
        for number in order[start:]:
            # rotated by the epoch, so that a rank does not always get the same batch of a round
            yield self.rounds[number][(self.rank + self.epoch) % self.ranks]

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def resume(self, consumed: int) -> None:
        """Continue after ``consumed`` batches of this rank, counted from the first epoch."""
        self.epoch, self.start = divmod(consumed, len(self))


def _buckets(lengths: Sequence[int], budget: int, seed: int) -> list[list[int]]:
    """Group indices of similar length, as many as fit the budget."""
    generator = random.Random(seed)
    # a little noise varies the combinations, at the cost of a few per cent of padding
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] * generator.uniform(0.97, 1.03))
    buckets: list[list[int]] = []
    longest = 0
    for index in order:
        longest = max(longest, lengths[index])
        if not buckets or longest * (len(buckets[-1]) + 1) > budget:
            buckets.append([])
            longest = lengths[index]
        buckets[-1].append(index)
    return buckets


def _rounds(buckets: list[list[int]], ranks: int) -> list[list[list[int]]]:
    """Group neighboring batches, one per rank; the largest are split until all rounds are full."""
    buckets = list(buckets)
    while len(buckets) % ranks:
        largest = max(range(len(buckets)), key=lambda i: len(buckets[i]))
        batch = buckets[largest]
        half = len(batch) // 2
        buckets[largest : largest + 1] = [batch[:half], batch[half:]]
    return [buckets[i : i + ranks] for i in range(0, len(buckets), ranks)]
