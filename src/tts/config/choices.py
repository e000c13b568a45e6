"""Choices of the config groups: which exist, which have a key, and where a path belongs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tts.plain_data import PlainData, PlainDataError, read_json, read_yaml
from tts.project_files import bundled


def groups(conf: Path) -> list[str]:
    """Return the config groups, as ``model/encoder``."""
    folders = [folder for folder in conf.rglob("*") if any(folder.glob("*.yaml"))]
    return sorted(folder.relative_to(conf).as_posix() for folder in folders)


def choices(folder: Path) -> list[str]:
    """Return the choices of a group."""
    return sorted(path.stem for path in folder.glob("*.yaml") if not path.stem.startswith("_"))


def as_path(group: str, path: str, conf: Path) -> str:
    """Return how a path is given that stands in place of a choice of ``group``; "" for no way."""
    if group != "vocoder":
        return f"data=ljspeech data.root={path}" if group == "data" else ""
    folder = conf / group
    named = {_read(folder / f"{choice}.yaml").get("family"): choice for choice in choices(folder)}
    family = _class_of(path)
    if family and family not in named:  # an acoustic model, or a codec
        path = "voices/vocos_small"
    return f"vocoder={named.get(family, 'vocos')} vocoder.path={path}"


def _class_of(path: str) -> str:
    """Return the class that the voice at ``path`` names; "" where there is no voice."""
    try:
        made = read_json(bundled(path) / "voice.json")["config"]["model"]["_target_"]
    except (OSError, PlainDataError, LookupError, TypeError):
        return ""
    return str(made).rpartition(".")[2]


def elsewhere(key: str, config_name: str, conf: Path, arguments: Sequence[str]) -> str:
    """Return the message for a key that other choices of a group have; "" where none has it.

    Where the choices belong to other choices of a group above, such as the losses of a model, the
    message names those.
    """
    parts = key.split(".")
    if parts[-1].startswith("_"):
        return ""
    for depth in range(len(parts) - 1, 0, -1):
        folder = conf.joinpath(*parts[:depth])
        options = choices(folder) if folder.is_dir() else []
        found = [c for c in options if _has(_contents(folder / f"{c}.yaml", conf), parts[depth:])]
        if not found:
            continue
        group = "/".join(parts[:depth])
        above, _, name = group.rpartition("/")
        owners = [
            c for c in choices(conf / above) if above and _chosen(conf / above, c, name, found)
        ]
        if owners and _current(above, config_name, conf, arguments) not in owners:
            group, found = above, owners
        return f"{key} is a setting of other choices of {group}: choose {group}={'|'.join(found)}"
    return ""


def _chosen(folder: Path, choice: str, group: str, found: Sequence[str]) -> bool:
    """Return whether a choice of a group takes one of ``found`` for the group below it."""
    defaults = _read(folder / f"{choice}.yaml").get("defaults") or []
    return any(isinstance(each, dict) and each.get(group) in found for each in defaults)


def _current(group: str, config_name: str, conf: Path, arguments: Sequence[str]) -> str:
    """Return the choice of a group on the command line, or of the config's defaults."""
    defaults = _read(conf / f"{config_name}.yaml").get("defaults") or []
    chosen = next((str(d[group]) for d in defaults if isinstance(d, dict) and group in d), "")
    given = [a.partition("=")[2] for a in arguments if a.startswith(f"{group}=")]
    return given[-1] if given else chosen


def _contents(file: Path, conf: Path) -> PlainData:
    """Return a choice's keys, with those of the files that it extends."""
    values = _read(file)
    merged: PlainData = {}
    for entry in values.pop("defaults", []):
        named = {"": entry} if isinstance(entry, str) else entry
        for group, choice in named.items():
            if choice == "_self_" or not isinstance(choice, str) or group.startswith("override "):
                continue
            path, _, package = choice.partition("@")
            folder = conf if path.startswith("/") else file.parent / group
            inside = "" if package == "_here_" else package or group.replace("/", ".")
            own = _contents(folder / f"{path.lstrip('/')}.yaml", conf)
            for part in reversed(inside.split(".") if inside else []):
                own = {part: own}
            merged = _joined(merged, own)
    if file.is_file() and "@package _global_" in file.read_text(encoding="utf-8"):
        for part in file.parent.relative_to(conf).parts:
            values = values.get(part) or {}
    return _joined(merged, values)


def _joined(first: PlainData, second: PlainData) -> PlainData:
    both = {**first, **second}
    for key in set(first) & set(second):
        if isinstance(first[key], dict) and isinstance(second[key], dict):
            both[key] = _joined(first[key], second[key])
    return both


def _has(values: object, parts: Sequence[str]) -> bool:
    for part in parts:
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True


def _read(file: Path) -> PlainData:
    found = read_yaml(file) if file.is_file() else None
    return found if isinstance(found, dict) else {}
