"""``--help`` text of every command, from the YAML files alone: imports neither Hydra nor torch."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

FOOTER = """\
  --cfg job      print the composed config and stop
  -m             run every combination of comma-separated values: -m seed=1,2 model/size=tiny,small
  --hydra-help   list all other flags
"""
OTHER_COMMANDS = ("hydra", "metrics", "vocoder", "backbone")  # groups that no training chooses
# an entry of a defaults list with its comment: - override /model/size@size: tiny # channels
ENTRY = re.compile(r"\s*- (?:optional )?([\w/]+)(?:@\S+)?: [^#]*?# (.+)")


class GroupRow(NamedTuple):
    """One line of the help text."""

    group: str
    choices: str  # the default is marked with *
    purpose: str


def help_text(conf: Path, config_name: str, about: str) -> str:
    """Return what a command does, its groups with purpose and choices, and its settings."""
    path = conf / f"{config_name}.yaml"
    rows = list(_groups(conf, path, ""))
    if config_name == "train":  # groups that only some choices bring: model/flow/velocity_net
        shown = {row.group for row in rows}
        rows += [row for row in _all_groups(conf) if row.group not in shown]
    width = max((len(row.group) for row in rows), default=0)
    parts = [about.strip(), ""]
    if rows:
        parts.append("Groups, group=choice (* the default):")
        parts += [
            f"  {row.group:{width}}  {row.purpose + ': ' if row.purpose else ''}{row.choices}"
            for row in rows
        ]
        parts.append("")
    if settings := _settings(conf, path):
        parts += ["Settings, key=value:", *(f"  {line}" for line in settings), ""]
    parts += ["Flags:", FOOTER]
    return "\n".join(parts)


def group_purposes(conf: Path) -> dict[str, str]:
    """Return ``{group: purpose}`` from the comments of all defaults lists."""
    found: dict[str, str] = {}
    # the primary configs come last: they describe their own groups
    for path in sorted(conf.rglob("*.yaml"), key=lambda path: path.parent == conf):
        parent = path.parent.relative_to(conf).as_posix()
        for name, purpose in _entry_comments(path).items():
            found[_join(parent, name)] = purpose
    return found


def choices_of(conf: Path, group: str) -> list[str]:
    """The choices of a group; files that begin with an underscore are for others to extend."""
    return sorted(file.stem for file in (conf / group).glob("[!_]*.yaml"))


def _groups(conf: Path, path: Path, parent: str) -> Iterator[GroupRow]:
    """Rows of a config's defaults list, each followed by those of its default choice."""
    purposes = _entry_comments(path)
    for entry in _defaults(path):
        if isinstance(entry, str):
            if entry != "_self_" and not entry.startswith("/"):
                yield from _groups(conf, conf / parent / f"{entry}.yaml", parent)
            continue
        [(key, chosen)] = entry.items()
        name = str(key).split("@")[0].removeprefix("optional ")
        if name.startswith(("override ", "/", "hydra")):
            continue
        group = _join(parent, name)
        choices = choices_of(conf, group)
        if not choices:
            continue
        listed = "  ".join(f"*{choice}" if choice == chosen else choice for choice in choices)
        yield GroupRow(group, listed, purposes.get(name, ""))
        if chosen in choices:
            yield from _groups(conf, conf / group / f"{chosen}.yaml", group)


def _all_groups(conf: Path) -> Iterator[GroupRow]:
    """Rows of every group that a training can choose."""
    purposes = group_purposes(conf)
    for folder in sorted(path for path in conf.rglob("*") if path.is_dir()):
        group = folder.relative_to(conf).as_posix()
        if not group.startswith(OTHER_COMMANDS) and (choices := choices_of(conf, group)):
            yield GroupRow(group, "  ".join(choices), purposes.get(group, ""))


def _defaults(path: Path) -> list[str | dict[str, str]]:
    if not path.is_file():
        return []
    values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    defaults: list[str | dict[str, str]] = values.get("defaults", [])
    return defaults


def _entry_comments(path: Path) -> dict[str, str]:
    """``{group as written: comment}`` of the file's defaults list."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = (ENTRY.fullmatch(line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def _join(parent: str, name: str) -> str:
    return name if parent in ("", ".") else f"{parent}/{name}"


def _settings(conf: Path, path: Path) -> list[str]:
    """The file's own keys with their comments, without the defaults list and Hydra's section.

    Default choices that are placed at the top level (``@package _global_``) count as its own.
    """
    kept: list[str] = []
    skipping = False
    lines = path.read_text(encoding="utf-8").splitlines()
    for entry in (yaml.safe_load("\n".join(lines)) or {}).get("defaults", []):
        if isinstance(entry, str) and (conf / f"{entry}.yaml").is_file():
            lines += (conf / f"{entry}.yaml").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if line and not line[0].isspace() and not line.startswith(("-", "#")):
            skipping = line.startswith(("defaults:", "hydra:"))
        if not skipping and not line.startswith("# @package"):
            kept.append(line)
    while kept and not kept[0].strip():
        kept.pop(0)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept
