"""Reference of the configs: a table of keys for every file of ``conf/``, from its comments."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LINE = re.compile(r"^(?P<indent> *)(?P<key>[\w@./]+):(?P<rest>.*)$")
HIDDEN = ("_target_", "_partial_", "defaults", "hydra")


class Key(NamedTuple):
    """One key of a config file."""

    name: str  # full, with dots
    default: str
    comment: str


def config_page(conf: Path) -> str:
    """Return the page in Markdown: commands first, then groups by their path."""
    commands = [path for path in sorted(conf.glob("*.yaml")) if not path.stem.startswith("_")]
    groups = sorted({p.parent for p in conf.rglob("*.yaml") if p.parent != conf})
    groups = [g for g in groups if "hydra" not in g.relative_to(conf).parts]
    lines = [
        "# Commands and configs\n",
        "Made from the comments of `conf/`. `uv run train.py --help` prints the choices of every "
        "group, and `train.py --cfg job` the composed config. A group's path is its config path: "
        "`model/size=small` chooses a file, `size.dim=192` sets a key.\n",
        "## Commands\n",
    ]
    for path in commands:
        lines += [f"### {path.stem}\n", f"`python -m tts {path.stem} key=value ...`\n"]
        lines += _table(path)
    lines.append("## Groups\n")
    for group in groups:
        name = group.relative_to(conf).as_posix()
        files = [p for p in sorted(group.glob("*.yaml")) if not p.stem.startswith("_")]
        if not files:
            continue
        lines.append(f"### {name}\n")
        for path in files:
            lines.append(f"**`{name}={path.stem}`** {_about(path)}\n")
            lines += _table(path)
    return "\n".join(lines) + "\n"


def _about(path: Path) -> str:
    comments = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        if not line.startswith(("# @package", "# sets elsewhere")):
            comments.append(line.removeprefix("#").strip())
    return " ".join(comments)


def _table(path: Path) -> list[str]:
    rows = [
        f"| `{key.name}` | {f'`{_code(key.default)}`' if key.default else ''} | "
        f"{_cell(key.comment)} |"
        for key in keys(path)
    ]
    return ["| key | default | meaning |", "|---|---|---|", *rows, ""] if rows else []


def keys(path: Path) -> Iterator[Key]:
    """Yield the documented keys of a file; a comment stands on the key's line or just above."""
    parents: list[tuple[int, str]] = []
    above: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip().startswith("#"):
            above.append(line.strip().lstrip("# "))
            continue
        match = LINE.match(line)
        if match is None:
            above = []
            continue
        indent = len(match["indent"])
        parents = [(depth, name) for depth, name in parents if depth < indent]
        parents.append((indent, match["key"]))
        value, _, comment = f" {match['rest'].strip()}".partition(" #")
        names = [name for _, name in parents]
        comment = comment.strip() or " ".join(above)
        above = []
        if names[0] not in HIDDEN and names[-1] not in HIDDEN and comment:
            yield Key(".".join(names), value.strip(), comment)


def _cell(text: str) -> str:
    return re.sub(r"([|*<])", r"\\\1", text)


def _code(text: str) -> str:
    return text.replace("|", "\\|")
