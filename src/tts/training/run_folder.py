"""The folder of a run: its saved config, and what a former run left in it."""

import logging
import os
from pathlib import Path

from lightning.pytorch.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig, OmegaConf

log = logging.getLogger(__name__)

CONFIG = "config.yaml"


@rank_zero_only
def save_config(config: DictConfig, folder: Path, fresh: bool) -> None:
    """Write ``config.yaml`` atomically; ``fresh``: move a former run's files aside first."""
    folder.mkdir(parents=True, exist_ok=True)
    if fresh:
        set_aside(folder)
    temporary = folder / f".{CONFIG}"
    OmegaConf.save(config, temporary)
    os.replace(temporary, folder / CONFIG)


def set_aside(folder: Path) -> None:
    """Move a former run's checkpoints, config and events to ``previous-<n>`` inside ``folder``."""
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
