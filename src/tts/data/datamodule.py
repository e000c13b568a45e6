"""Prepared corpora for Lightning: prepared when they are not yet, batched, resumable."""

import atexit
import multiprocessing.util  # registers its own farewell first, so that ours comes before it
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader

from tts.contract import MelContract
from tts.corpus import CorpusFacts, merge_facts
from tts.data.clips import ClipDataset, ClipSampler, ClipSettings, validation_cuts
from tts.data.corpora.combine import make_corpora
from tts.data.corpora.source import Corpus
from tts.data.dataset import SpeechDataset
from tts.data.prepare import prepare
from tts.data.prepare_settings import PrepareSettings
from tts.data.sampler import FrameBudgetSampler
from tts.data.store import PreparedCorpus
from tts.errors import UserError
from tts.text.frontend import Frontend


class SpeechDataModule(pl.LightningDataModule):
    """One or several corpora as one stream of batches.

    ``source`` makes a corpus from the remaining keyword arguments (``root``, ``speaker``, ...).
    ``corpora`` lists several: each entry holds the arguments in which that corpus differs, or is a
    corpus already. ``prepared_dir`` holds a folder per prepared corpus. ``frames_per_batch`` is the
    padded size of a batch, ``workers`` the number of reading processes, ``prefetch`` the batches
    that each reads ahead, ``seed`` that of the batches. ``prepare`` are the
    :class:`PrepareSettings`, ``prepare_workers`` the processes. With ``clips`` the batches are
    :class:`~tts.batch.Clips`, cut so, instead of whole utterances, and ``mel_from`` names the
    acoustic run that makes their mels, None being the recordings' own.
    """

    def __init__(
        self,
        source: Callable[..., Corpus],
        frontend: Frontend,
        contract: MelContract,
        corpora: Sequence[Mapping[str, Any] | Corpus] | None = None,
        prepared_dir: str = "prepared",
        prepare: PrepareSettings | None = None,
        prepare_workers: int = 2,
        frames_per_batch: int = 6000,
        workers: int = 1,
        prefetch: int = 4,
        seed: int = 1,
        clips: ClipSettings | None = None,
        mel_from: str | None = None,
        **corpus: Any,
    ) -> None:
        super().__init__()
        self.frontend, self.contract = frontend, contract
        self.prepared_dir, self.settings = Path(prepared_dir), prepare or PrepareSettings()
        self.prepare_workers = prepare_workers
        if prefetch < 1:
            raise UserError(f"data.prefetch={prefetch} must be at least 1")
        self.frames_per_batch, self.seed = frames_per_batch, seed
        self.workers, self.prefetch = workers, prefetch
        self.clips = clips
        self.corpora = make_corpora(source, corpora, corpus)
        self.mel_from = mel_from
        self.opened: list[PreparedCorpus] = []
        self._facts: CorpusFacts | None = None
        self._parts: dict[str, SpeechDataset] = {}
        self._sampler: FrameBudgetSampler | ClipSampler | None = None
        self._consumed = 0

    def prepare_data(self) -> None:
        """Prepare what is not yet; on one process of each machine."""
        prepare(
            self.corpora,
            self.frontend,
            self.contract,
            self.prepared_dir,
            self.settings,
            self.prepare_workers,
        )

    def setup(self, stage: str | None = None) -> None:
        """Open the prepared corpora; cheap, any number of times."""
        if self._facts is not None:
            return
        folders = prepare(
            self.corpora, self.frontend, self.contract, self.prepared_dir, self.settings, 0, False
        )
        self.opened = [PreparedCorpus.open(folder) for folder in folders]
        for corpus in self.opened if self.clips is None else ():
            if silent := next((row for row in corpus.rows if row.tokens == 0), None):
                raise UserError(
                    f"{corpus.path}: {silent.id} has no text (data.transcribed=false), which is "
                    "enough for a vocoder and not for a model that is to read"
                )
        self._facts = merge_facts([corpus.facts for corpus in self.opened])
        self._parts = {
            split: SpeechDataset(self.opened, split, self._facts)
            for split in ("train", "validation")
        }

    @property
    def facts(self) -> CorpusFacts:
        """What the corpora are, together. They must be prepared."""
        self.setup()
        assert self._facts is not None
        return self._facts

    def dataset(self, split: str) -> SpeechDataset:
        """``train`` or ``validation``."""
        self.setup()
        return self._parts[split]

    def utterance_id(self, index: int, split: str = "train") -> str:
        """The name of the utterance that ``Batch.utterance`` points to."""
        return self.dataset(split).rows[index].id

    def train_dataloader(self) -> DataLoader[Any]:
        self._sampler = self._make_sampler("train", shuffle=True)
        self._sampler.resume(self._consumed)
        return self._loader("train", self._sampler)

    def reconfigure(self, **settings: int) -> None:
        """Take ``workers`` or ``prefetch`` for the next train_dataloader() of a fit, which begins
        where this one stands. They decide when a batch is there, not what it holds.
        """
        for name, value in settings.items():
            setattr(self, name, value)
        self.state_dict()  # notes the place

    def val_dataloader(self) -> DataLoader[Any] | list[Any]:
        part = self.dataset("validation")
        if not len(part):
            return []
        if self.clips is not None:
            cuts = validation_cuts(part.frame_lengths, self.clips, *self._place())
            return self._loader("validation", cuts)
        return self._loader("validation", self._make_sampler("validation", shuffle=False))

    def state_dict(self) -> dict[str, Any]:
        """How many batches the model has seen: prefetched ones do not count."""
        # also while validating inside a fit: best.ckpt is saved there
        if self.trainer is not None and self.trainer.state.fn == "fit":
            self._consumed = self.trainer.fit_loop.total_batch_idx + 1
        return {"consumed": self._consumed}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._consumed = state["consumed"]
        if self._sampler is not None:
            self._sampler.resume(self._consumed)

    def _place(self) -> tuple[int, int]:
        """This process's rank, and how many there are."""
        if self.trainer is None:
            return 0, 1
        return self.trainer.global_rank, self.trainer.world_size

    def _make_sampler(self, split: str, shuffle: bool) -> FrameBudgetSampler | ClipSampler:
        part = self.dataset(split)
        rank, ranks = self._place()
        if self.clips is not None:
            return ClipSampler(part.frame_lengths, self.clips, self.seed, rank, ranks)
        return FrameBudgetSampler(
            part.frame_lengths, self.frames_per_batch, self.seed, shuffle, rank, ranks,
            names=[row.id for row in part.rows],
        )  # fmt: skip

    def _loader(self, split: str, sampler: Any) -> DataLoader[Any]:
        workers = self.workers if split == "train" else min(self.workers, 1)
        part = self.dataset(split)
        return DataLoader(
            ClipDataset(part) if self.clips is not None else part,
            batch_size=None,  # the dataset makes whole batches
            sampler=sampler,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=torch.cuda.is_available(),
            prefetch_factor=self.prefetch if workers else None,
            worker_init_fn=leave_signals_to_the_parent,
        )


def leave_signals_to_the_parent(worker: int) -> None:
    """Ctrl-C reaches the whole group, and a cluster's SIGTERM every process of a job: a reader that
    died of it would take the step under way with it, which the training wants to end and save.
    """
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)


@atexit.register
def dismiss_readers() -> None:
    """multiprocessing asks its daemons to leave with a SIGTERM, which readers ignore, and waits:
    after an exception, whose traceback keeps the loaders alive, it would wait forever.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else torch takes their going for a failure
    for child in multiprocessing.active_children():
        if child.daemon:
            child.kill()
