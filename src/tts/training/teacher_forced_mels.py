"""Teacher-forced mels: an acoustic model's mels of the recordings, to train a vocoder on.

The model gets the recording's durations, pitch and energy, so that its mel is aligned frame by
frame with the recording's samples. The vocoder then learns to compensate the model's smoothing
(Kong et al. 2020, HiFi-GAN, section 4.4).
"""

import hashlib
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from torch import Tensor

from tts.checkpoint import WEIGHTS, load_run
from tts.data.datamodule import SpeechDataModule
from tts.data.dataset import SpeechDataset
from tts.data.run_once import run_once
from tts.data.sampler import FrameBudgetSampler
from tts.data.store import PreparedCorpus, shard_path, to_half, write_shard
from tts.errors import UserError, naming_key
from tts.files import make_folder
from tts.models.acoustic import AcousticModel


def use_teacher_forced_mels(data: SpeechDataModule, path: str) -> None:
    """Make ``data`` read the mels that the acoustic run at ``path`` predicts for its recordings.

    They are stored in the prepared corpora's folders and reused while the checkpoint is the same.
    Raises UserError when the run does not know the corpora's speakers, ContractError when its mel
    differs.
    """
    with naming_key("data.mel_from", path):
        run = load_run(path)
        facts = run.require_facts()
    facts.contract.require(data.facts.contract, f"data.mel_from={path}", "the prepared corpus")
    if unknown := sorted(set(data.facts.speakers) - set(facts.speakers)):
        raise UserError(
            f"data.mel_from={path} was not trained with the speaker {unknown[0]}: choose a run of "
            "this corpus"
        )
    name = f"mels-{_digest(run.path)}"
    todo = [c for c in data.opened if not (c.path / name / "done").is_file()]
    if todo:
        model = run.build().eval()
        if model.features == "codes":
            raise UserError(f"data.mel_from={path} predicts codes: choose a run that predicts mels")
        for corpus in todo:
            folder, part = corpus.path / name, SpeechDataset([corpus], None, facts, facts.speakers)
            work = partial(_write, corpus, model, part, name, data.frames_per_batch)
            run_once(folder, folder / "done", work)
    for corpus in data.opened:
        corpus.mels = name


def _write(
    corpus: PreparedCorpus, model: AcousticModel[Any], data: SpeechDataset, name: str, budget: int
) -> None:
    """Predict the mels in batches of ``budget`` frames and write them in the corpus' shards."""
    sampler = FrameBudgetSampler(data.frame_lengths, budget, shuffle=False)
    shards: dict[int, dict[str, dict[str, Tensor]]] = defaultdict(dict)
    console = Console(stderr=True)
    for indices in track(list(sampler), f"mels of {escape(corpus.path.name)}", console=console):
        batch = data[indices]
        with torch.inference_mode():
            mels = model.diagnostics(model(batch)).mel
        assert mels is not None
        for index, mel in zip(indices, mels, strict=True):
            row = data.row(index)
            assert row.shard is not None
            shards[row.shard][row.id] = {"mel": to_half(mel[: row.frames].clone())}
    folder = corpus.path / name
    make_folder(folder / "shards")
    for number, utterances in shards.items():
        write_shard(shard_path(folder, number), utterances)
    (folder / "done").touch()


def _digest(path: Path) -> str:
    """Return a digest of the weights' file, so that a run trained further gets new mels."""
    file = path / WEIGHTS if path.is_dir() else path
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:8]
