"""Going on with a run: its own config, its last checkpoint, a few overrides on top."""

import logging
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf, open_dict

from tts.callbacks.checkpoints import PREVIOUS
from tts.checkpoint import CheckpointError, find_checkpoint, load_checkpoint
from tts.config.launch import CONF
from tts.config.resolvers import resumed_folder
from tts.config.resume_overrides import own_overrides
from tts.contract import require_same_codec
from tts.corpus import CorpusFacts
from tts.errors import UserError

log = logging.getLogger(__name__)

CONFIG = "config.yaml"  # of a run, in its folder
# what may be exchanged whole while the weights stay what they are
GROUPS = ("trainer", "callbacks", "logger", "optimizer", "scheduler", "data")


def resume(config: DictConfig, overrides: Iterable[str]) -> tuple[DictConfig, Path]:
    """``config`` that sets ``resume`` -> the run's own config with ``overrides``, its checkpoint.

    ``overrides`` are those of the command line; their values are taken from ``config``, which was
    composed with them.
    """
    folder = resumed_folder(config.resume)
    checkpoint = resume_point(folder)
    if not (folder / CONFIG).is_file():
        raise CheckpointError(
            f"{folder} lacks its {CONFIG}: go on from the checkpoint alone in a new folder, "
            f"ckpt_path={checkpoint}"
        )
    own = OmegaConf.load(folder / CONFIG)
    assert isinstance(own, DictConfig)
    with open_dict(own):
        own.run_dir = config.run_dir
        # what a run of an older version knew nothing of
        for ours, now in ((own, config), (own.trainer, config.trainer)):
            for key in set(now) - set(ours):
                ours[key] = now[key]
        for override in OverridesParser.create().parse_overrides(own_overrides(list(overrides))):
            key = override.key_or_group
            if key in ("resume", "name") or key.startswith("hydra"):
                continue
            if (CONF / key).is_dir():
                if key not in GROUPS:
                    raise UserError(
                        f"resume= takes the run's own {key}; what can be chosen anew is "
                        f"{', '.join(GROUPS)}. To start from its weights with another config use "
                        "ckpt_path="
                    )
                own[key] = config[key]
            elif override.is_delete():
                raise UserError(f"~{key}: set it to null instead when resuming")
            else:
                OmegaConf.update(own, key, OmegaConf.select(config, key), merge=False)
    return own, checkpoint


def resume_point(folder: Path) -> Path:
    """The checkpoint to go on from: the last, or where that is damaged the newest before it."""
    found = find_checkpoint(folder, ("last", PREVIOUS, "best"))
    try:
        _require_whole(found)
    except CheckpointError as error:
        steps: dict[Path, int] = {}
        for other in found.parent.glob("*.ckpt"):
            with suppress(CheckpointError):
                steps[other] = _require_whole(other)["global_step"]
        if not steps:
            raise
        newest = max(steps, key=lambda path: steps[path])
        log.warning("%s; going on from %s, step %d", error, newest, steps[newest])
        return newest
    return found


def _require_whole(path: Path) -> dict[str, Any]:
    checkpoint = load_checkpoint(path, mmap=True)
    with zipfile.ZipFile(path) as archive:
        if (part := archive.testzip()) is not None:
            raise CheckpointError(f"{path} is damaged in {part}")
    return checkpoint


def require_same_speech(checkpoint: Path, facts: CorpusFacts, mel_alone: bool = False) -> None:
    """Refuse a checkpoint whose mel, symbols or speakers are not those of the corpus at hand.

    ``mel_alone``: of a vocoder, which knows neither symbols nor speakers.
    """
    card = load_checkpoint(checkpoint, mmap=True)
    if "facts" not in card:
        raise CheckpointError(f"{checkpoint} was not made by this codebase's train.py")
    theirs = CorpusFacts.from_dict(card["facts"])
    theirs.contract.require(facts.contract, str(checkpoint), "the prepared corpus")
    if not mel_alone:
        require_same_codec(theirs.codec, facts.codec, str(checkpoint), "the prepared corpus")
    for name in () if mel_alone else ("symbols", "speakers", "languages"):
        ours, other = getattr(facts, name), getattr(theirs, name)
        if ours != other:
            raise CheckpointError(
                f"{checkpoint} was trained with other {name} than this corpus has "
                f"({_difference(other, ours)}): train on the same corpora, in the same order"
            )


def set_aside(folder: Path) -> None:
    """A new run in a used folder: what the old one left moves to ``previous-<n>`` inside it."""
    left = [folder / "checkpoints", folder / CONFIG, *folder.glob("events.out.tfevents.*")]
    left = [path for path in left if path.exists()]
    if not left:
        return
    number = 1
    while (aside := folder / f"previous-{number}").exists():
        number += 1
    aside.mkdir()
    for path in left:
        path.rename(aside / path.name)
    log.info("%s held a run: moved to %s", folder, aside)


def _difference(theirs: Iterable[Any], ours: Iterable[Any]) -> str:
    theirs, ours = list(theirs), list(ours)
    only_theirs = [x for x in theirs if x not in ours][:5]
    only_ours = [x for x in ours if x not in theirs][:5]
    if not only_theirs and not only_ours:
        return "in another order"
    return f"only there: {only_theirs}, only here: {only_ours}"
