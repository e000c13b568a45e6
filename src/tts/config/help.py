"""``--help`` of every command, from the YAML files alone: neither Hydra nor torch is imported."""

from pathlib import Path
from typing import Any

import yaml

FOOTER = """\
  --cfg job      print the composed config and stop
  -m             run every combination of comma-separated values: -m seed=1,2 model/size=tiny,small
  --hydra-help   all the other flags
"""


def help_text(conf: Path, config_name: str, about: str) -> str:
    """What a command does, the groups it composes with their choices, and its own settings."""
    path = conf / f"{config_name}.yaml"
    rows = list(_groups(conf, path, ""))
    if config_name == "train":  # those that only some choices bring: judges, a decoder's field
        shown = {group for group, _ in rows}
        rows += [row for row in _all_groups(conf) if row[0] not in shown]
    width = max((len(group) for group, _ in rows), default=0)
    parts = [about.strip(), ""]
    if rows:
        parts.append("Groups, group=choice (* the default):")
        parts += [f"  {group:{width}}  {choices}" for group, choices in rows]
        parts.append("")
    if settings := _settings(conf, path):
        parts += ["Settings, key=value:", *(f"  {line}" for line in settings), ""]
    parts += ["Flags:", FOOTER]
    return "\n".join(parts)


def _groups(conf: Path, path: Path, parent: str) -> Any:
    """``(group, "choices")`` of a config's defaults list, then of the defaults of its choices."""
    for entry in (yaml.safe_load(path.read_text()) or {}).get("defaults", []):
        if not isinstance(entry, dict):
            continue
        [(name, chosen)] = entry.items()
        name = name.split("@")[0].removeprefix("override ").removeprefix("optional ")
        if name.startswith(("/", "hydra")):
            continue
        group = f"{parent}{name}"
        # a name that begins with an underscore is for other files to extend
        choices = sorted(file.stem for file in (conf / group).glob("[!_]*.yaml"))
        if not choices:
            continue
        shown = [f"*{choice}" if choice == chosen else choice for choice in choices]
        yield group, "  ".join(shown)
        if chosen in choices:
            yield from _groups(conf, conf / group / f"{chosen}.yaml", f"{group}/")


def _all_groups(conf: Path) -> Any:
    """``(group, "choices")`` of every folder, but Hydra's own and those of other commands."""
    for folder in sorted(path for path in conf.rglob("*") if path.is_dir()):
        group = folder.relative_to(conf).as_posix()
        choices = sorted(file.stem for file in folder.glob("[!_]*.yaml"))
        if choices and not group.startswith(("hydra", "metrics", "vocoder")):
            yield group, "  ".join(choices)


def _settings(conf: Path, path: Path) -> list[str]:
    """The file's own keys with their comments, without the defaults list and Hydra's section.

    Default choices that are placed at the top level (``@package _global_``) count as its own.
    """
    kept: list[str] = []
    skipping = False
    lines = path.read_text().splitlines()
    for entry in (yaml.safe_load(path.read_text()) or {}).get("defaults", []):
        group, choice = next(iter(entry.items())) if isinstance(entry, dict) else (entry, "")
        included = conf / group / f"{choice}.yaml"
        if included.is_file() and included.read_text().startswith("# @package _global_"):
            lines += included.read_text().splitlines()
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
