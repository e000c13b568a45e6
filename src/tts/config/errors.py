"""A config that cannot be composed, told in one line that lists what there is."""

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException


def explain(error: BaseException, config_name: str, conf: Path, arguments: Sequence[str]) -> str:
    """Name the override at fault, one of ``arguments``, and the choices or keys that exist."""
    message = " ".join(str(error).split())
    if isinstance(error, OverrideParseException):
        return (
            f"cannot read {error.override!r}: write key=value, and quote a value that holds spaces,"
            f" commas or brackets, 'key=\"a, b\"' ({message})"
        )
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, choice = error.missing_cfg_file.rpartition("/")
        if error.options:
            options = ", ".join(sorted(o for o in error.options if not o.startswith("_")))
            return f"{group}={choice} does not exist; choose from {options}"
        return message
    if match := re.search(r"Could not (?:override|append to config.*?)\s*'([^']+)'", message):
        return _unknown_key(match[1].split("@")[0], config_name, conf, arguments)
    if cause := error.__cause__:
        message = f"{message} ({' '.join(str(cause).split())})"
    return message


def _unknown_key(key: str, config_name: str, conf: Path, arguments: Sequence[str]) -> str:
    folders = [folder for folder in conf.rglob("*") if any(folder.glob("*.yaml"))]
    groups = sorted(str(folder.relative_to(conf)) for folder in folders)
    if key in groups:
        return f"the parts chosen beside it have no {key} to choose"
    if "/" in key:
        close = difflib.get_close_matches(key, groups, n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        return f"there is no config group {key!r}; {hint}The groups are {', '.join(groups)}"
    config = _composed(config_name, conf, [a for a in arguments if a.partition("=")[0] != key])
    keys = [*_flatten(config, ""), *groups]
    close = difflib.get_close_matches(key, keys, n=1, cutoff=0.7)
    hint = f"did you mean {close[0]}? " if close else ""
    parent, siblings = _siblings(config, key)
    where = f"{parent} has" if parent else "The config has"
    listed = f"{where} {', '.join(map(str, siblings))}" if siblings else "--cfg job shows them all"
    return f"there is no setting {key!r}; {hint}{listed}"


def _composed(config_name: str, conf: Path, arguments: Sequence[str]) -> Any:
    """The config with the overrides that are not at fault; empty if that cannot be composed."""
    overrides = [a for a in arguments if "=" in a and not a.startswith("-")]
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf), version_base="1.3"):
            return compose(config_name, overrides)
    except HydraException:
        return {}


def _siblings(config: Any, key: str) -> tuple[str, list[Any]]:
    """The deepest part of ``key`` that exists and the keys below it."""
    from omegaconf import DictConfig, OmegaConf

    parts = key.split(".")
    for depth in range(len(parts) - 1, 0, -1):
        parent = ".".join(parts[:depth])
        node = OmegaConf.select(config, parent) if config else None
        if isinstance(node, DictConfig):
            return parent, [k for k in node if not str(k).startswith("_")]
    return "", list(config)


def _flatten(config: Any, prefix: str) -> Iterator[str]:
    from omegaconf import DictConfig

    for key in config:
        yield f"{prefix}{key}"
        child = config._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none() and not child._is_interpolation():
            yield from _flatten(child, f"{prefix}{key}.")
