"""Hydra callback that gives a training its folder: a new one made exclusively, a used one locked.

It runs before Hydra writes its own files to the folder.
"""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tts.config.resolvers import later_start, started
from tts.errors import UserError
from tts.folder_lock import is_first_rank, locked


class ClaimRunFolder(Callback):
    """Ends the command with status 2 where another training writes to the folder."""

    def __init__(self) -> None:
        self._lock = ExitStack()

    def on_run_start(self, config: DictConfig, **more: object) -> None:
        if (folder := _claimed(config, "hydra.run.dir")) is None:
            return
        try:
            self._lock.enter_context(locked(folder))
        except UserError as error:  # Hydra would turn it into a warning
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(2) from None

    def on_run_end(self, config: DictConfig, **more: object) -> None:
        self._lock.close()

    def on_multirun_start(self, config: DictConfig, **more: object) -> None:
        _claimed(config, "hydra.sweep.dir")


def _claimed(config: DictConfig, key: str) -> Path | None:
    """Return the folder at ``key``, after creating it where its name is the time of the start.

    None where this rank claims none, or where the name cannot be resolved, which Hydra reports.
    """
    if not is_first_rank():
        return None
    hydra_config = HydraConfig.instance()
    before = hydra_config.cfg
    try:
        hydra_config.set_config(config)
        while True:
            folder = Path(str(OmegaConf.select(config, key)))
            # torchrun and SLURM start the other ranks by themselves, each with its own name
            if started() not in str(folder) or int(os.environ.get("WORLD_SIZE", "1")) > 1:
                return folder
            try:
                folder.mkdir(parents=True)
                return folder
            except FileExistsError:  # another command was started in the same second
                later_start()
    except (OmegaConfBaseException, UserError, OSError):
        return None
    finally:
        hydra_config.cfg = before
