"""Settings that a config choice makes outside its own group, from its file's first line."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

MARK = "# sets elsewhere:"


def read_elsewhere(path: Path) -> dict[str, str | None]:
    """Return ``{key or group: value}`` of a file's ``# sets elsewhere:`` line; None = any value."""
    found: dict[str, str | None] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if line.startswith(MARK):
            for item in line.removeprefix(MARK).strip().split(", "):
                key, equals, value = item.partition("=")
                found[key] = value if equals else None
    return found


def set_elsewhere(
    conf: Path, choices: Mapping[str, str | None], overrides: Sequence[str] = ()
) -> list[str]:
    """Return a line per choice that changes other groups or keys.

    ``choices``: ``{group: choice}`` as Hydra composed them; of ``overrides``, those that choose
    several of a group, ``callbacks=[default,ema]``, which Hydra leaves out of ``choices``.
    """
    chosen = list(choices.items())
    for group, _, value in (override.partition("=") for override in overrides):
        if value.startswith("[") and (conf / group).is_dir():
            chosen += [(group, choice.strip()) for choice in value.strip("[]").split(",")]
    lines = []
    for group, choice in chosen:
        changes: dict[str, str | None] = {}
        for path in _with_extended(conf / group / f"{choice}.yaml"):
            changes |= read_elsewhere(path)
        if changes:
            listed = (key if value is None else f"{key}={value}" for key, value in changes.items())
            lines.append(f"{group}={choice} sets {', '.join(listed)}")
    return lines


def _with_extended(path: Path) -> Iterator[Path]:
    """The files that ``path`` extends in its own folder, in the order they apply, then itself."""
    if not path.is_file():  # no choice, or one from hydra.searchpath
        return
    for entry in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("defaults", []):
        if isinstance(entry, str) and entry != "_self_" and not entry.startswith("/"):
            yield from _with_extended(path.parent / f"{entry}.yaml")
    yield path
