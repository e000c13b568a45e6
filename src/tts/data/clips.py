"""Random clips of recordings with their mels, for training vocoders."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from tts.batch import Clips
from tts.bounds import Count
from tts.data.dataset import SpeechDataset
from tts.errors import UserError

Cut = tuple[int, int, int]  # row, first frame, frames


@dataclass(frozen=True)
class ClipSettings:
    """How recordings are cut; every field is a key under ``data.clips``."""

    frames: Count = 32  # of a training clip
    per_batch: Count = 16
    validation_frames: Count = 344  # at most, from the middle of an utterance
    validation_clips: Count = 24  # utterances, spread over the validation set

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise UserError(f"data.clips.{name}={value} must be at least 1")


class ClipDataset(Dataset[Clips]):
    """Return the :class:`Clips` of a list of cuts."""

    def __init__(self, speech: SpeechDataset) -> None:
        self.speech = speech

    def __getitem__(self, cuts: Sequence[Cut]) -> Clips:
        parts = [self.speech.clip(*cut) for cut in cuts]
        rows = [self.speech.row(row) for row, _, _ in cuts]
        bandwidths = [row.bandwidth for row in rows]
        known = self.speech.facts.speakers
        return Clips(
            mel=torch.stack([mel for mel, _ in parts]),
            audio=torch.stack([audio for _, audio in parts]),
            frame_lengths=torch.tensor([len(mel) for mel, _ in parts]),
            utterance=torch.tensor([row for row, _, _ in cuts]),
            bandwidth=self._bandwidth(bandwidths),
            speaker=torch.tensor([known.index(row.speaker) for row in rows]),
            pitch=torch.stack([self.speech.clip_pitch(*cut) for cut in cuts]),
        )

    def _bandwidth(self, bandwidths: Sequence[float | None]) -> Tensor | None:
        """Return the Hz of each clip ``(B,)``; None if all are full-band, which costs nothing."""
        if not any(bandwidths):
            return None
        nyquist = self.speech.facts.contract.sample_rate / 2
        return torch.tensor([hertz or nyquist for hertz in bandwidths], dtype=torch.float32)


class ClipSampler(Sampler[list[Cut]]):
    """Yield batches of cuts; an epoch cuts every utterance into as many clips as fit into it.

    ``repetitions``: how often an epoch does so with each utterance; None: once.

    The positions depend on (seed, epoch), so that over the epochs every sample is used. Utterances
    shorter than a clip are left out, and so are the last clips of an epoch that do not fill a batch
    on every rank. ``resume`` as in :class:`~tts.data.sampler.FrameBudgetSampler`.
    """

    def __init__(
        self,
        frame_lengths: Sequence[int] | np.ndarray,
        settings: ClipSettings,
        seed: int = 1,
        rank: int = 0,
        ranks: int = 1,
        repetitions: np.ndarray | None = None,
    ) -> None:
        lengths = np.asarray(frame_lengths)
        rows = np.repeat(np.arange(len(lengths)), 1 if repetitions is None else repetitions)
        self.rows, self.lengths = rows.tolist(), lengths[rows].tolist()
        self.settings, self.seed = settings, seed
        self.rank, self.ranks = rank, ranks
        clips = sum(length // settings.frames for length in self.lengths)
        self.rounds = clips // (settings.per_batch * ranks)
        if self.rounds == 0:
            raise UserError(
                f"the corpus has {clips} clips of data.clips.frames={settings.frames}, and a "
                f"step needs data.clips.per_batch={settings.per_batch} on each of {ranks} "
                "processes: lower either, or use more speech"
            )
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        """Batches of one rank in a full epoch."""
        return self.rounds

    def __iter__(self) -> Iterator[list[Cut]]:
        generator = random.Random(f"{self.seed}/{self.epoch}")
        frames, size = self.settings.frames, self.settings.per_batch
        cuts: list[Cut] = []
        for row, length in zip(self.rows, self.lengths, strict=True):
            count = length // frames
            spare = length - count * frames
            # distribute the spare frames at random before, between and after the cuts
            gaps = sorted(generator.randint(0, spare) for _ in range(count))
            cuts += [(row, gap + n * frames, frames) for n, gap in enumerate(gaps)]
        generator.shuffle(cuts)
        start, self.start = self.start, 0
        for number in range(start, self.rounds):
            first = (number * self.ranks + self.rank) * size
            yield cuts[first : first + size]

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def resume(self, consumed: int) -> None:
        """Continue after ``consumed`` batches of this rank, counted from the first epoch."""
        self.epoch, self.start = divmod(consumed, len(self))


def validation_cuts(
    frame_lengths: Sequence[int] | np.ndarray, settings: ClipSettings, rank: int = 0, ranks: int = 1
) -> list[list[Cut]]:
    """Cut the middle of some utterances, one per batch; always the same, as many on each rank."""
    total = len(frame_lengths)
    count = max(min(settings.validation_clips, total) // ranks, 1) * ranks
    cuts = []
    for number in range(rank, count, ranks):
        row = number * total // count
        frames = min(int(frame_lengths[row]), settings.validation_frames)
        cuts.append([(row, (int(frame_lengths[row]) - frames) // 2, frames)])
    return cuts
