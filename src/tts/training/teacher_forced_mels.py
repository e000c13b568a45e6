"""An acoustic model's own mels of the recordings, for a vocoder that is to speak after it.

The model is told the recording's durations, pitch and energy (teacher forcing), so that its mel
lies frame for frame beside the recording's samples, with the blur that the vocoder must learn to
hear through (Kong et al. 2020, section 4.4).
"""

import hashlib
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor

from tts.build import build, build_model
from tts.checkpoint import WEIGHTS, load_run
from tts.data.datamodule import SpeechDataModule
from tts.data.dataset import SpeechDataset
from tts.data.run_once import run_once
from tts.data.sampler import FrameBudgetSampler
from tts.data.store import PreparedCorpus, shard_path, to_half, write_shard
from tts.errors import UserError
from tts.models.acoustic import AcousticModel


def force_mels(data: SpeechDataModule, path: str) -> None:
    """Let ``data`` read the mels that the acoustic run at ``path`` makes of its recordings.

    They are written beside the prepared corpora, once per checkpoint, and found again. Raises
    UserError when the run does not know the corpora's speakers or its mel is another.
    """
    run = load_run(path)
    facts = run.require_facts()
    facts.contract.require(data.facts.contract, f"data.mel_from={path}", "the prepared corpus")
    if strangers := sorted(set(data.facts.speakers) - set(facts.speakers)):
        raise UserError(f"data.mel_from={path} does not know the speaker {strangers[0]}")
    name = f"mels-{_digest(run.path)}"
    todo = [c for c in data.opened if not (c.path / name / "done").is_file()]
    if todo:
        model = build_model(build(run.config["model"]), facts)
        run.fill(model)
        model.eval()
        for corpus in todo:
            folder, part = corpus.path / name, SpeechDataset([corpus], None, facts)
            work = partial(_write, corpus, model, part, name, data.frames_per_batch)
            run_once(folder, folder / "done", work)
    for corpus in data.opened:
        corpus.mels = name


def _write(
    corpus: PreparedCorpus, model: AcousticModel[Any], data: SpeechDataset, name: str, budget: int
) -> None:
    sampler = FrameBudgetSampler(data.frame_lengths, budget, shuffle=False)
    made: dict[int, dict[str, dict[str, Tensor]]] = defaultdict(dict)
    console = Console(stderr=True)
    for indices in track(list(sampler), f"mels of {corpus.path.name}", console=console):
        batch = data[indices]
        with torch.inference_mode():
            mels = model.diagnostics(model(batch)).mel
        assert mels is not None
        for index, mel in zip(indices, mels, strict=True):
            row = data.rows[index]
            assert row.shard is not None
            made[row.shard][row.id] = {"mel": to_half(mel[: row.frames].clone())}
    folder = corpus.path / name
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    for number, utterances in made.items():
        write_shard(shard_path(folder, number), utterances)
    (folder / "done").touch()


def _digest(path: Path) -> str:
    """Of the weights' file, so that a run that went on makes its mels anew."""
    file = path / WEIGHTS if path.is_dir() else path
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:8]
