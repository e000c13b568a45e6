"""Checks of an adaptation, before it trains: its folder, its corpus, and what a resumed one keeps.

Each raises a UserError that names the option.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from tts.checkpoint import Run
from tts.config.resume_overrides import own_overrides
from tts.data.datamodule import SpeechDataModule
from tts.errors import UserError, listed
from tts.models.acoustic import AcousticModel
from tts.plain_data import read_yaml
from tts.project_files import CONF
from tts.training.resume import read_config
from tts.training.run_folder import CONFIG
from tts.voice_folder import require_voice_folder

log = logging.getLogger(__name__)
RECIPE = {  # option of adapt -> key of the training
    "run": "init_from",
    "freeze": "train_only",
    "lr": "optimizer.lr",
    "warmup_steps": "scheduler.warmup_steps",
    "patience": "callbacks.early_stopping.patience",
}


def require_place(out: Path, run: Run, given: str) -> None:
    """Check that a voice can be written to ``out``, and log that one there will be moved aside.

    ``given``: how the user named ``run``.
    """
    if require_voice_folder(out, run, given):
        log.info("out=%s is a voice: it will be moved to a folder previous-... in it", out)


def require_corpus(data: DictConfig) -> None:
    """Check that ``data`` names a corpus; without, LJ Speech would be downloaded."""
    sources = data.corpora or [data]
    if "root" in data and data.root is None and any(s.get("root") is None for s in sources):
        raise UserError(
            "data.root: not given; add data.root=FOLDER with the recordings of the speaker and "
            "their texts"
        )


def require_same_recipe(training: DictConfig, overrides: Sequence[str]) -> None:
    """Check that ``overrides`` leave the recipe of the run ``training.resume`` as it is."""
    file = Path(training.run_dir) / CONFIG
    if not file.is_file():  # it was killed before it trained
        return
    own = read_config(file)
    given = {override.partition("=")[0] for override in own_overrides(list(overrides))}
    changed = [
        name
        for name, key in RECIPE.items()
        if name in given and OmegaConf.select(own, key) != OmegaConf.select(training, key)
    ]
    if changed:
        raise UserError(
            f"{', '.join(changed)}: cannot be changed with resume={training.resume}, which keeps "
            f"its {', '.join(RECIPE)}; trainer and data can be changed. To use another recipe, "
            "start without resume="
        )


def require_suitable(
    data: SpeechDataModule, run: Run, model: AcousticModel[object], given: str
) -> None:
    """Check that ``run``, which the user named ``given``, can be adapted to the prepared ``data``.

    The symbols have to be the same, there must be validation texts, and a voice of one speaker is
    adapted to one speaker.
    """
    known, facts = run.require_facts(), data.facts
    if facts.symbols != known.symbols:
        raise UserError(f"run={given}: {_other_symbols(run, data)}")
    speakers = facts.speakers
    several = len(known.speakers) > 1 and model.corpus_keys().speakers
    if len(speakers) > 1 and not (several or model.reference != "none" or model.takes_embedding):
        raise UserError(
            f"run={given} does not tell speakers apart and would average {listed(speakers)}: leave "
            f"out all but one, data.unseen_speakers=[{','.join(speakers[1:])}], or give them one "
            "name if they are one person; or adapt a voice with a composed style, run=voices/many"
        )
    if not len(data.dataset("validation")):
        raise UserError(
            f"too little speech to validate: of {len(data.dataset('train'))} utterances none is "
            "for validation, which chooses the best step; give more texts, two at least, or raise "
            f"data.prepare.validation_share={data.settings.prepare.validation_share}"
        )


def _other_symbols(run: Run, data: SpeechDataModule) -> str:
    theirs = (run.frontend or {}).get("phonemizer")
    if data.frontend.to_dict().get("phonemizer") == theirs:
        return (
            "its symbols were learned from the texts of its training, and those of this corpus "
            "differ; adapt a voice that reads phonemes"
        )
    names = [
        file.stem
        for file in sorted((CONF / "frontend").glob("*.yaml"))
        if read_yaml(file)["phonemizer"]["_target_"] == theirs
    ]
    chosen = f"choose frontend={names[0]}" if names else f"choose the frontend= with {theirs}"
    return f"it was trained with the symbols of another front end; {chosen}"
