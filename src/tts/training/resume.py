"""Resuming a run: its own config and last checkpoint, with the command line's overrides on top."""

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from tts.callbacks.checkpoints import PREVIOUS
from tts.checkpoint import find_checkpoint, load_checkpoint, part_of
from tts.config.compose import parse_overrides
from tts.config.resolvers import resumed_folder
from tts.config.resume_overrides import own_overrides
from tts.contract import SET_MEL, require_same_codec
from tts.corpus import CorpusFacts
from tts.errors import UserError, naming_key
from tts.plain_data import quoted, read_yaml, read_yaml_text, short
from tts.project_files import CONF
from tts.training.run_folder import CONFIG
from tts.trust import require_trusted
from tts.weights import CheckpointError, require_intact, require_usable

log = logging.getLogger(__name__)

# sections that the config of every run has
SECTIONS = (
    "model", "data", "system", "optimizer", "scheduler", "trainer", "audio", "frontend",
)  # fmt: skip
# groups whose choice may be replaced when resuming, because the weights do not depend on it
REPLACEABLE = ("trainer", "callbacks", "logger", "optimizer", "scheduler", "data")


def starting_point(config: DictConfig, overrides: Iterable[str]) -> tuple[DictConfig, Path | None]:
    """Return the config to train with, and the checkpoint to go on from, if there is one.

    Before this, :mod:`tts.config.resume_overrides` has composed a resumed run with the overrides it
    began with; after it, :mod:`tts.config.option_checks` rejects contradictory options.
    """
    if config.resume:
        with naming_key("resume", config.resume):
            return resume(config, overrides)
    if config.ckpt_path:
        with naming_key("ckpt_path", config.ckpt_path):
            checkpoint = find_checkpoint(config.ckpt_path, ("last", "best"))
            intact_step(checkpoint)
        return config, checkpoint
    return config, None


def resume(config: DictConfig, overrides: Iterable[str]) -> tuple[DictConfig, Path | None]:
    """Return the run's own config with ``overrides`` applied, and its last checkpoint.

    A run that ended before its first checkpoint starts again, and this is logged.

    ``config`` sets ``resume``. ``overrides`` are those of the command line; their values are taken
    from ``config``, which was composed with them.
    """
    folder = resumed_folder(config.resume)
    checkpoint = resume_point(folder) if _has_checkpoints(folder) else None
    if checkpoint is None:
        log.warning("%s has no checkpoint yet: it starts again from its first step", folder)
    if not (folder / CONFIG).is_file():
        if checkpoint is None and (folder / ".hydra").is_dir():  # killed while it prepared
            return config, None  # composed with the run's own overrides
        raise CheckpointError(
            f"{folder} lacks its {CONFIG}: go on from the checkpoint alone in a new folder, "
            f"ckpt_path={checkpoint}"
        )
    own = read_config(folder / CONFIG)
    with open_dict(own):
        own.run_dir, own.trust = config.run_dir, config.trust
        own.trainer.default_root_dir = config.run_dir
        # keys that the version which made the run did not have
        for former, now in ((own, config), (own.trainer, config.trainer)):
            for key in set(now) - set(former):
                former[key] = now[key]
        for override in parse_overrides(own_overrides(list(overrides))):
            key = override.key_or_group
            if key in ("resume", "name") or key.startswith("hydra"):
                continue
            if (CONF / key).is_dir():
                if key not in REPLACEABLE:
                    raise UserError(
                        f"{key}=...: a resumed run keeps its own {key}; only "
                        f"{', '.join(REPLACEABLE)} can be replaced. To start from its weights with "
                        f"another {key}, use ckpt_path= instead of resume="
                    )
                own[key] = config[key]
            elif override.is_delete():
                raise UserError(f"~{key}: a resumed run cannot lose a key; set {key}=null instead")
            else:
                OmegaConf.update(own, key, OmegaConf.select(config, key), merge=False)
    return own, checkpoint


def _has_checkpoints(folder: Path) -> bool:
    """Whether a run has a checkpoint, or is none at all, which :func:`resume_point` reports."""
    is_run = (folder / CONFIG).is_file() or (folder / ".hydra").is_dir()
    return not is_run or any(folder.glob("checkpoints/*.ckpt")) or any(folder.glob("*.ckpt"))


def read_config(path: Path) -> DictConfig:
    """Read the ``config.yaml`` of a run, which can come from anybody; its references stay live.

    Raises a UserError naming the file and the key: for a file that is cut or no config, for a class
    that is not trusted, and for an interpolation other than a reference to another value.
    """
    saved = read_yaml(path)
    if not isinstance(saved, dict):
        raise CheckpointError(f"{path}: expected the config of a run, not {quoted(saved)}")
    for name in SECTIONS:
        if not isinstance(saved.get(name), dict):
            raise CheckpointError(
                f"{path}: the section {name} is missing; the file is cut or damaged, copy it again"
            )
    require_trusted(saved, str(path), live=True)
    try:
        config = OmegaConf.create(read_yaml_text(path))
    except (OmegaConfBaseException, ValueError, YAMLError) as error:
        raise CheckpointError(f"{path}: {short(error)}; copy it again") from error
    assert isinstance(config, DictConfig)
    return config


def resume_point(folder: Path) -> Path:
    """Return the run's last checkpoint, or the newest intact one where that is damaged."""
    found = find_checkpoint(folder, ("last", PREVIOUS, "best"))
    try:
        intact_step(found)
    except CheckpointError as error:
        steps: dict[Path, int] = {}
        for other in found.parent.glob("*.ckpt"):
            with suppress(CheckpointError):
                steps[other] = intact_step(other)
        if not steps:
            raise
        newest = max(steps, key=lambda path: steps[path])
        log.warning("%s; going on from %s, step %d", error, newest, steps[newest])
        return newest
    return found


def intact_step(path: Path) -> int:
    """Return the step of a checkpoint.

    Raises CheckpointError for one that is damaged or NaN, TrustError for one whose config names a
    class that is not trusted, though a training goes on with its own config.
    """
    checkpoint = load_checkpoint(path, mmap=True)
    require_intact(path)
    state, step = checkpoint.get("state_dict"), checkpoint.get("global_step")
    if not isinstance(state, dict) or type(step) is not int:
        raise CheckpointError(f"{path} is not a checkpoint of a training")
    require_trusted(checkpoint.get("config"), f"{path}, config")
    require_usable(part_of("model.", state), str(path))
    return step


def resumed_step(checkpoint: Path, max_steps: int) -> str:
    """Return from which step a training goes on, for the log."""
    step = load_checkpoint(checkpoint, mmap=True)["global_step"]
    if 0 <= max_steps <= step:
        return (
            f"{checkpoint} is at step {step} of {max_steps}: nothing is left to train; raise "
            "trainer.max_steps"
        )
    return f"going on from step {step}, {checkpoint}"


def require_same_speech(checkpoint: Path, facts: CorpusFacts, mel_only: bool = False) -> None:
    """Raise CheckpointError for another mel, symbol table, speakers or languages than the corpus'.

    ``mel_only``: compare the mel alone; a vocoder has neither symbols nor speakers.
    """
    card = load_checkpoint(checkpoint, mmap=True)
    if "facts" not in card:
        raise CheckpointError(f"{checkpoint} was not made by this codebase's train.py")
    saved = CorpusFacts.from_dict(card["facts"], f"{checkpoint}, facts")
    saved.contract.require(facts.contract, str(checkpoint), "the prepared corpus", SET_MEL)
    if mel_only:
        return
    require_same_codec(saved.codec, facts.codec, str(checkpoint), "the prepared corpus")
    compared = (
        ("symbols", saved.symbols, facts.symbols),
        ("speakers", saved.speakers, facts.speakers),
        ("languages", saved.languages, facts.languages),
    )
    for name, theirs, ours in compared:
        if theirs != ours:
            raise CheckpointError(
                f"{checkpoint} was trained with other {name} than this corpus has "
                f"({_difference(theirs, ours)}): train on the same corpora, in the same order"
            )


def _difference(saved: Sequence[str], corpus: Sequence[str]) -> str:
    only_saved = [x for x in saved if x not in corpus][:5]
    only_corpus = [x for x in corpus if x not in saved][:5]
    if not only_saved and not only_corpus:
        return "in another order"
    return f"only in the checkpoint: {only_saved}, only in the corpus: {only_corpus}"
