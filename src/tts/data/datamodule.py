"""Lightning data module: prepares corpora, opens them, and yields batches that can be resumed."""

import atexit
import logging
import multiprocessing.util  # registers its exit handler first, so that ours runs before it
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, Self

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tts.batch import Batch, Clips
from tts.child_processes import (
    Parent,
    blocked_stop_signals,
    end_with_parent,
    this_process,
    usable_workers,
)
from tts.contract import MelContract
from tts.corpus import CorpusFacts, merge_facts
from tts.data.balance import balance_report, repetitions
from tts.data.clips import ClipDataset, ClipSampler, Cut, validation_cuts
from tts.data.corpora.combine import make_corpora
from tts.data.corpora.source import Corpus
from tts.data.data_settings import DataSettings
from tts.data.dataset import SpeechDataset
from tts.data.embeddings import prepare_embeddings
from tts.data.prepare import prepare
from tts.data.reader_errors import ReaderDataset
from tts.data.references import ReferencedDataset, References, ReferenceSampler
from tts.data.remote import Storage
from tts.data.sampler import FrameBudgetSampler
from tts.data.store import PreparedCorpus
from tts.data.unseen import choose_unseen, trained_facts
from tts.errors import UserError, naming_key
from tts.plain_data import PlainData
from tts.text.frontend import Frontend
from tts.vocoders.codec import Codec, load_codec

log = logging.getLogger(__name__)
info, warn = rank_zero_only(log.info), rank_zero_only(log.warning)
Loader = DataLoader[Batch | Clips]


class SpeechDataModule(pl.LightningDataModule):
    """One or several corpora as one stream of :class:`~tts.batch.Batch` or Clips.

    ``workers``, ``prefetch`` and ``frames_per_batch`` may be changed before a fit.
    """

    _references: References | None = None
    _prepared = False  # by this process, which has logged what it found
    _embedded = False  # with speaker embeddings of the references
    unseen: frozenset[str] = frozenset()  # speakers that are left out

    def __init__(
        self,
        corpora: Sequence[Corpus],
        frontend: Frontend,
        contract: MelContract,
        settings: DataSettings = DataSettings(),  # noqa: B008, it is immutable
    ) -> None:
        super().__init__()
        if settings.prefetch < 1:
            raise UserError(f"data.prefetch={settings.prefetch} must be at least 1")
        if settings.codec is not None and settings.clips is not None:
            raise UserError(
                f"data.codec={settings.codec}: codes belong to complete utterances, and a vocoder "
                "is trained on clips; set data.codec=null"
            )
        self.corpora, self.frontend, self.contract = corpora, frontend, contract
        self.settings = settings
        self.frames_per_batch, self.seed = settings.frames_per_batch, settings.seed
        self.workers, self.prefetch = settings.workers, settings.prefetch
        self.clips = settings.clips
        self.opened: list[PreparedCorpus] = []
        self._facts: CorpusFacts | None = None
        self._parts: dict[str, SpeechDataset] = {}
        self._sampler: FrameBudgetSampler | ClipSampler | None = None
        self._consumed = 0

    @classmethod
    def from_config(
        cls,
        source: Callable[..., Corpus],
        frontend: Frontend,
        contract: MelContract,
        corpora: Sequence[Mapping[str, object] | Corpus] | None = None,
        **values: Any,
    ) -> Self:
        """Build from the keys of ``conf/data``.

        ``values``: fields of :class:`DataSettings`; all others are arguments of ``source``, which
        makes a corpus. ``corpora`` lists several corpora: a mapping of the arguments in which one
        differs from ``values``, or a corpus.
        """
        names = DataSettings._fields
        settings = DataSettings(**{key: values.pop(key) for key in names if key in values})
        return cls(make_corpora(source, corpora, values), frontend, contract, settings)

    def prepare_data(self) -> None:
        """Prepare what is not yet prepared; called on one process of each machine."""
        workers, first = self.settings.prepare_workers, not self._prepared
        self._prepare(self.load_codec(), workers, progress=first)
        self._prepared = True

    def setup(self, stage: str | None = None) -> None:
        """Open the prepared corpora; repeated calls do nothing."""
        if self._facts is not None:
            return
        codec = self.load_codec()
        contract = None if codec is None else codec.contract
        folders = self._prepare(codec, workers=0, progress=False)
        self.opened = [PreparedCorpus.open(folder, contract) for folder in folders]
        for corpus in self.opened if self.clips is None else ():
            if len(untranscribed := np.flatnonzero(corpus.rows.tokens == 0)):
                raise UserError(
                    f"{corpus.path}: utterance {corpus.rows[int(untranscribed[0])].id} has no text "
                    "(data.transcribed=false), so only a vocoder, a codec or a speaker encoder can "
                    "be trained on this corpus; set data.transcribed=true for an acoustic model"
                )
        self._facts = self._trained_facts()
        if self.frontend.symbols != self._facts.symbols:  # learned from the corpora
            self.frontend = self.frontend.with_symbols(self._facts.symbols)
        self._parts = {
            split: SpeechDataset(
                self.opened, split, self._facts, self._facts.speakers if self.unseen else None
            )
            for split in ("train", "validation")
        }
        self._require_utterances()

    @property
    def facts(self) -> CorpusFacts:
        """Facts of the corpora together, which must be prepared."""
        self.setup()
        assert self._facts is not None
        return self._facts

    def dataset(self, split: str) -> SpeechDataset:
        """Return the split ``train`` or ``validation``."""
        self.setup()
        return self._parts[split]

    def utterance_id(self, index: int, split: str = "train") -> str:
        """Return the id of the utterance that ``Batch.utterance`` points to."""
        return self.dataset(split).row(index).id

    def use_references(self, embedded: bool = False) -> None:
        """Give every utterance a reference of its speaker; ``embedded``: with its embedding.

        Raises UserError where the embeddings are not prepared.
        """
        if embedded and not self.settings.embeddings:
            raise UserError(
                "this model's style reads speaker embeddings: set data.embeddings=true, which adds "
                "them to the prepared corpus"
            )
        longest = round(self.settings.reference_seconds * self.contract.frames_per_second)
        self._references = References(self.dataset("train"), max(longest, 1), self.seed)
        self._embedded = embedded

    def batch(self, indices: Sequence[int], split: str = "validation") -> Batch:
        """Return utterances of a split as one Batch, with the references of its first epoch."""
        part = self.dataset(split)
        if self._references is None:
            return part[indices]
        pairs = [(index, self._references.choose(part, index)) for index in indices]
        return ReferencedDataset(part, self._embedded)[pairs]

    def train_dataloader(self) -> Loader:
        self._sampler = self._make_sampler("train", shuffle=True)
        self._sampler.resume(self._consumed)
        return self._loader("train", self._sampler)

    def reconfigure(self, **settings: int) -> None:
        """Set ``workers`` or ``prefetch`` for the next train_dataloader() of a fit.

        It continues after the batches consumed so far; their content does not depend on either.
        """
        for name, value in settings.items():
            setattr(self, name, value)
        self.state_dict()  # updates the batches consumed

    def val_dataloader(self) -> Loader | list[Batch | Clips]:
        part = self.dataset("validation")
        if not len(part):
            return []
        if self.clips is not None:
            cuts = validation_cuts(part.frame_lengths, self.clips, *self._rank())
            return self._loader("validation", cuts)
        return self._loader("validation", self._make_sampler("validation", shuffle=False))

    def state_dict(self) -> PlainData:
        """Return how many batches were trained on; prefetched ones do not count."""
        # also during a fit's validation, when best.ckpt is saved
        if self.trainer is not None and self.trainer.state.fn == "fit":
            self._consumed = self.trainer.fit_loop.total_batch_idx + 1
        return {"consumed": self._consumed, **self.splits()}

    def splits(self) -> dict[str, PlainData]:
        """Return the number of utterances of each split, and a hash of what they are."""
        return {split: part.summary() for split, part in self._parts.items()}

    def load_state_dict(self, state: PlainData) -> None:
        """Continue after the batches of a checkpoint, and log what changed in the corpora."""
        changes = [
            f"{now['utterances']} utterances for {split}, before {state[split]['utterances']}"
            for split, now in self.splits().items()
            if split in state and state[split] != now
        ]
        if changes:
            warn(
                "the corpus changed since the checkpoint was saved: %s. Its batches are others "
                "from here on", "; ".join(changes),
            )  # fmt: skip
        self._consumed = state["consumed"]
        if self._sampler is not None:
            self._sampler.resume(self._consumed)

    def load_codec(self) -> Codec | None:
        """Load the codec that makes ``Batch.codes``; None without one."""
        if self.settings.codec is None:
            return None
        with naming_key("data.codec", self.settings.codec):
            return load_codec(self.settings.codec)

    def _trained_facts(self) -> CorpusFacts:
        """Return the facts of the corpora together, without the speakers that are left out."""
        asked = self.settings.unseen_speakers
        everybody = frozenset[str]().union(*(corpus.rows.speakers for corpus in self.opened))
        self.unseen = choose_unseen(everybody, asked, self.settings.prepare.seed)
        parts = [trained_facts(corpus.facts, self.unseen) for corpus in self.opened]
        if self.unseen:
            info("speakers that are left out: %s", ", ".join(sorted(self.unseen)))
        return merge_facts([part for part in parts if part is not None])

    def _require_utterances(self) -> None:
        if self.unseen and not len(self._parts["train"]):
            raise UserError("data.unseen_speakers: no utterance is left to train on")

    def _prepare(self, codec: Codec | None, workers: int, progress: bool) -> list[Path]:
        storage = Storage(self.settings.prepared_dir, self.settings.cache_dir)
        folders = prepare(
            self.corpora, self.frontend, self.contract, storage, self.settings.prepare, workers,
            progress, codec,
        )  # fmt: skip
        for folder in folders if self.settings.embeddings else ():
            prepare_embeddings(folder, progress)
        return folders

    def _rank(self) -> tuple[int, int]:
        """Return this process's rank and the number of processes."""
        if self.trainer is None:
            return 0, 1
        return self.trainer.global_rank, self.trainer.world_size

    def _make_sampler(self, split: str, shuffle: bool) -> FrameBudgetSampler | ClipSampler:
        part = self.dataset(split)
        rank, ranks = self._rank()
        repeated = None
        if split == "train":
            repeated = repetitions(part, self.settings.balance, self.seed)
        if repeated is not None:
            info("%s", balance_report(part, self.settings.balance, repeated))
        if self.clips is not None:
            return ClipSampler(part.frame_lengths, self.clips, self.seed, rank, ranks, repeated)
        make = FrameBudgetSampler if self._references is None else ReferenceSampler
        sampler = make(
            part.frame_lengths, self.frames_per_batch, self.seed, shuffle, rank, ranks,
            name_of=lambda index: part.row(index).id, repetitions=repeated,
        )  # fmt: skip
        if isinstance(sampler, ReferenceSampler) and self._references is not None:
            sampler.attach(self._references, part)
        return sampler

    def _loader(
        self, split: str, sampler: FrameBudgetSampler | ClipSampler | list[list[Cut]]
    ) -> Loader:
        workers = self.workers if split == "train" else min(self.workers, 1)
        workers = usable_workers(workers, "data.workers")
        part = self.dataset(split)
        dataset: Dataset[Any] = part if self.clips is None else ClipDataset(part)
        if self.clips is None and self._references is not None:
            dataset = ReferencedDataset(part, self._embedded)
        return ReaderLoader(
            ReaderDataset(dataset),
            batch_size=None,  # the dataset returns complete batches
            sampler=sampler,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=torch.cuda.is_available(),
            prefetch_factor=self.prefetch if workers else None,
            worker_init_fn=partial(start_reader, this_process()),
            multiprocessing_context=_context() if workers else None,
        )


def _context() -> str | None:
    """Return how reading processes start; None = Python's default."""
    # joblib replaces the default in its processes by one that starts only its own
    replaced = multiprocessing.get_start_method() == "loky"
    return multiprocessing.get_all_start_methods()[0] if replaced else None


class ReaderLoader(DataLoader[Any]):
    """A DataLoader whose reading processes leave signals to the training.

    Signals reach every process of a group or job, and a reader that they end would fail the current
    step, which the training wants to finish before it saves.
    """

    def __iter__(self) -> Any:
        with blocked_stop_signals():
            return super().__iter__()


def start_reader(parent: Parent, worker: int) -> None:
    """Make a reading process end with the training, and send its batches through a pipe.

    torch sends tensors as shared memory: with a small ``/dev/shm``, as in containers, a reader dies
    of a bus error, and each tensor needs an open file in both processes.
    """
    end_with_parent(parent)
    ForkingPickler.register(torch.Tensor, _reduce_by_value)


def _reduce_by_value(tensor: Tensor) -> tuple[Callable[[np.ndarray], Tensor], tuple[np.ndarray]]:
    return torch.from_numpy, (tensor.numpy(),)


@atexit.register
def kill_readers() -> None:
    """Kill reading processes at exit, before multiprocessing waits for them.

    multiprocessing sends its daemons a SIGTERM, which readers block, and joins them: after an
    exception, whose traceback keeps the loaders alive, it would wait forever.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else torch reports their end as a failure
    for child in multiprocessing.active_children():
        if child.daemon:
            child.kill()
