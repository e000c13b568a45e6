"""Settings that a chosen config file changes outside its own section, for the start of the log.

``discriminator=mel_patches`` also sets ``system=acoustic_gan`` and ``monitor=null``. Such effects
are read from the chosen YAML files and kept where the composed config agrees with them.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from omegaconf import DictConfig, OmegaConf

GLOBAL_PACKAGE = "# @package _global_"
OVERRIDE = "override /"  # of a defaults list: a choice in another group


def group_effects(config: DictConfig, choices: Mapping[str, str], conf: Path) -> list[str]:
    """Return a line ``group=choice sets key=value, ...`` for each choice with such effects.

    ``choices``: the choice of every group. What another choice or the command line replaced is
    left out.
    """
    composed = OmegaConf.to_container(config)
    lines = []
    for group, choice in choices.items():
        own = group.replace("/", ".")
        effects = []
        for key, value in _settings(conf / group / f"{choice}.yaml"):
            target = key.removeprefix(OVERRIDE)
            if target != key:
                kept = choices.get(target) == value
            else:
                kept = _holds(composed, key, value) and not f"{key}.".startswith(f"{own}.")
            if kept:
                effects.append(f"{target}={_short(value)}")
        if effects:
            lines.append(f"{group}={choice} sets {', '.join(dict.fromkeys(effects))}")
    return lines


def _settings(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield ``(key, value)`` of a file's choices and global settings, after those it extends."""
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    values = yaml.safe_load(text) or {}
    for entry in values.pop("defaults", []):
        if isinstance(entry, dict):
            yield from ((key, each) for key, each in entry.items() if key.startswith(OVERRIDE))
        elif entry != "_self_":
            yield from _settings(path.parent / f"{entry}.yaml")
    if text.startswith(GLOBAL_PACKAGE):
        yield from _leaves(values)


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and "_target_" not in value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _holds(composed: Any, key: str, value: Any) -> bool:
    """Whether the composed config has the file's value at ``key``; of an object, its class."""
    for part in key.split("."):
        if not isinstance(composed, dict) or part not in composed:
            return False
        composed = composed[part]
    if isinstance(value, dict) and isinstance(composed, dict):
        return value["_target_"] == composed.get("_target_")
    return composed == value


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return str(value["_target_"]).rsplit(".", 1)[-1]
    return "null" if value is None else str(value)
