"""Batches of utterances of like length under a budget of frames, dealt out to ranks."""

import random
from collections.abc import Iterator, Sequence

from torch.utils.data import Sampler

from tts.errors import UserError


class FrameBudgetSampler(Sampler[list[int]]):
    """Yields lists of indices whose padded size, utterances x longest, fits ``frames_per_batch``.

    The batches themselves are the same in every epoch, given the lengths and the seed; their order
    is drawn anew from (seed, epoch) when ``shuffle``. With several ranks the batches come in rounds
    of one per rank, of like length, so that no rank waits; a batch is split where the rounds would
    not come out even, so that every utterance is seen exactly once per epoch, over all ranks.

    Set ``epoch`` and ``start`` (batches already consumed of it) to go on in the middle of an epoch.
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
                f"data.frames_per_batch={frames_per_batch} is less than the "
                f"{frame_lengths[longest]} frames of utterance {name}: raise it, or lower "
                "data.prepare.max_seconds"
            )
        if len(frame_lengths) < ranks:
            raise UserError(
                f"{len(frame_lengths)} utterances cannot be shared by {ranks} processes: use fewer "
                "devices (trainer.devices)"
            )
        self.seed, self.shuffle, self.rank, self.ranks = seed, shuffle, rank, ranks
        self.rounds = _rounds(_buckets(frame_lengths, frames_per_batch, seed), ranks)
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        """Batches of one rank in a whole epoch."""
        return len(self.rounds)

    def __iter__(self) -> Iterator[list[int]]:
        order = list(range(len(self.rounds)))
        if self.shuffle:
            random.Random(f"{self.seed}/{self.epoch}").shuffle(order)
        start, self.start = self.start, 0
        for number in order[start:]:
            # which rank gets which batch of a round turns with the epoch
            yield self.rounds[number][(self.rank + self.epoch) % self.ranks]

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def resume(self, consumed: int) -> None:
        """Go on after ``consumed`` batches of this rank, counted from the first epoch."""
        self.epoch, self.start = divmod(consumed, len(self))


def _buckets(lengths: Sequence[int], budget: int, seed: int) -> list[list[int]]:
    """Neighbours in length, as many as fit."""
    draw = random.Random(seed)
    # a little noise mixes who meets whom, at a few per cent of padding
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] * draw.uniform(0.97, 1.03))
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
    """Groups of ``ranks`` neighboring batches."""
    buckets = list(buckets)
    while len(buckets) % ranks:
        widest = max(range(len(buckets)), key=lambda i: len(buckets[i]))
        batch = buckets[widest]
        half = len(batch) // 2
        buckets[widest : widest + 1] = [batch[:half], batch[half:]]
    return [buckets[i : i + ranks] for i in range(0, len(buckets), ranks)]
