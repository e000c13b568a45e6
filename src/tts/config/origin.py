"""Origin of a config's values: the file under ``conf/`` that sets a key."""

import functools
import re
from collections.abc import Sequence
from pathlib import Path

import yaml
from hydra.core.config_loader import ConfigLoader
from hydra.core.default_element import ResultDefault
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode


def file_of(command: str, key: str, overrides: Sequence[str]) -> str | None:
    """Return the last file that sets ``key``, as ``conf/optimizer/adamw.yaml``; None if none does.

    ``overrides``: those that the config was composed with. None also while Hydra is not under way.
    """
    if not GlobalHydra.instance().is_initialized():
        return None
    loader = GlobalHydra.instance().config_loader()
    try:
        found = _files(loader, command, tuple(overrides))
    except HydraException:
        return None
    folders = [
        Path(place.path.removeprefix("file://"))
        for place in loader.get_search_path().get_path()
        if place.path is not None and "://" not in place.path.removeprefix("file://")
    ]
    parts = [part for part in re.split(r"[.\[\]]+", key) if part]
    last = None
    for entry in found:
        package = [part for part in (entry.package or "").split(".") if part]
        if entry.config_path is None or parts[: len(package)] != package:
            continue
        for folder in folders:
            path = folder / f"{entry.config_path}.yaml"
            if path.is_file():
                if _sets(path, parts[len(package) :]):
                    last = _shown(path, folder)
                break
    return last


@functools.lru_cache(maxsize=8)
def _files(loader: ConfigLoader, command: str, overrides: tuple[str, ...]) -> list[ResultDefault]:
    """Return the files of a config, in the order they apply."""
    return loader.compute_defaults_list(command, list(overrides), RunMode.RUN).defaults


def _sets(path: Path, parts: list[str]) -> bool:
    """Whether a file sets the key below its package: entries of lists count as their list."""
    node = _content(path)
    for part in parts:
        if isinstance(node, list):
            return True
        if not isinstance(node, dict) or part not in node:
            return False
        node = node[part]
    return True


@functools.lru_cache(maxsize=256)
def _content(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def _shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder.parent).as_posix() if folder.name == "conf" else str(path)
