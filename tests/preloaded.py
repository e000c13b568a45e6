"""What a forked command finds done: the repository's configs are parsed.

Only the time of a command's start differs. Hydra composes a command's config twice, the first time
to read ``hydra.mode``; that is left out where no argument and no config sets it.
"""

from typing import Any

from hydra._internal.hydra import Hydra
from omegaconf import OmegaConf

from tests.compose_once import parse_each_file_once
from tts.project_files import CONF

_get_mode = Hydra.get_mode


def _mode(self: Hydra, config_name: str | None, overrides: list[str]) -> Any:
    if any("hydra.mode" in override for override in overrides):
        return _get_mode(self, config_name, overrides)
    return None  # as where composing finds no mode


Hydra.get_mode = _mode  # type: ignore[method-assign]
parse_each_file_once()
for path in CONF.rglob("*.yaml"):
    with open(path) as file:
        OmegaConf.load(file)
