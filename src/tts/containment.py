"""Containment of writes: a run from elsewhere makes no command write outside the run's folder.

Its config can name folders for logs, checkpoints and corpora, and its folder can hold links to any
file. Another place is written to only where the user names it on the command line.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from tts.errors import UserError
from tts.object_store import is_url, local_copy
from tts.plain_data import quoted, short

# sections whose parts write while a run trains
WRITING = ("trainer", "callbacks", "logger")
# settings that are paths; of the others, a value that leaves a folder is refused too
_PATH = re.compile(r"(^|_)(dir|dirpath|path|folder|file|filename|root)(_|$)")
# of a data section, with their values in conf/data: folders of the current one
SHARED_FOLDERS = {"prepared_dir": "prepared", "cache_dir": "prepared", "download_to": "downloads"}


class ContainmentError(UserError):
    """A setting or link of a run from elsewhere that would make a command write elsewhere."""


def require_writes_inside(
    config: Mapping[str, object], folder: Path, where: str, given: Collection[str] = ()
) -> None:
    """Raise ContainmentError naming the first setting that makes a training write elsewhere.

    ``config``: that of a run, resolved. ``folder``: the run's. ``where`` names the file in the
    message. ``given``: keys that the user named on the command line; these may point anywhere.
    """
    for section in WRITING:
        for key, value in _strings(config.get(section), section):
            path = _PATH.search(key.rsplit(".", 1)[-1]) is not None
            if not (path or _leaves(value)) or _is_given(key, given):
                continue
            if not _is_inside(value, folder):
                raise ContainmentError(
                    f"{where}: {key}={quoted(value)} is outside the run's folder; if you want to "
                    f"write there, add {key}={short(value)}"
                )
    require_corpora_inside(config.get("data"), folder, where, given)


def require_corpora_inside(
    data: object, folder: Path, where: str, given: Collection[str] = ()
) -> None:
    """Raise ContainmentError for a ``data`` section that would prepare a corpus elsewhere.

    Allowed are the defaults of ``conf/data``, the run's folder, and folders that hold prepared
    corpora already.
    """
    for key, value in _strings(data, "data"):
        name = key.rsplit(".", 1)[-1]
        if is_url(value) and not _is_given(key, given) and not _is_copied(value):
            raise ContainmentError(
                f"{where}: {key}={quoted(value)} is in object storage and was never read here; if "
                f"you want to read it, give data= and {key}={short(value)} yourself"
            )
        if (
            is_url(value)
            or name not in SHARED_FOLDERS
            or _is_given(key, given)
            or _is_inside(value, folder)
        ):
            continue
        if value != SHARED_FOLDERS[name] and not _holds_corpora(value):
            raise ContainmentError(
                f"{where}: {key}={quoted(value)} is outside the run's folder and holds no prepared "
                f"corpus; if you want to write there, give data= and {key}={short(value)} yourself"
            )


def require_links_inside(
    folder: str | os.PathLike[str],
    remedy: str,
    names: Collection[str] = ("",),
    given: Collection[str] = (),
) -> None:
    """Raise ContainmentError for a link in ``folder`` that leads out of it.

    ``remedy``: what to do, for the message. ``names``: of the files and folders in it that are
    written, "" = all. ``given``: paths that the user named, to which links may lead.
    """
    folder = Path(folder)
    for path in _links(folder, names):
        target = os.path.realpath(path)
        if _is_inside(target, folder) or any(_is_inside(target, Path(place)) for place in given):
            continue
        raise ContainmentError(f"{path} is a link to {short(target)}, outside {folder}; {remedy}")


def _links(folder: Path, names: Collection[str]) -> Iterator[Path]:
    for top in (folder / name if name else folder for name in names):
        if top != folder and top.is_symlink():
            yield top
        elif top.is_dir():
            for parent, folders, files in os.walk(top):  # follows no links
                paths = (Path(parent, name) for name in (*folders, *files))
                yield from (path for path in paths if path.is_symlink())


def _strings(node: object, key: str) -> Iterator[tuple[str, str]]:
    """Yield all text in nested sections and lists, with its key."""
    if isinstance(node, Mapping):
        for name, child in node.items():
            yield from _strings(child, f"{key}.{name}")
    elif isinstance(node, list | tuple):
        for number, child in enumerate(node):
            yield from _strings(child, f"{key}[{number}]")
    elif isinstance(node, str):
        yield key, node


def _is_given(key: str, given: Collection[str]) -> bool:
    return any(f"{key}.".startswith((f"{name}.", f"{name}[")) for name in given)


def _leaves(value: str) -> bool:
    """Return whether ``value``, joined to a folder, is a path outside of it."""
    return os.path.isabs(value) or value.startswith("~") or ".." in re.split(r"[/\\]", value)


def _is_inside(value: str, folder: Path) -> bool:
    """Return whether a path lies in ``folder``, also after what a logger would expand in it."""
    root = Path(os.path.realpath(folder))
    places = {value, os.path.expandvars(os.path.expanduser(value))}
    return "://" not in value and all(
        Path(os.path.realpath(place)).is_relative_to(root) for place in places
    )


def _is_copied(url: str) -> bool:
    """Return whether the current folder has copies of a corpus at ``url`` or directly below it."""
    copy = local_copy(url, SHARED_FOLDERS["cache_dir"])
    return any(copy.glob("origin.json")) or any(copy.glob("*/origin.json"))


def _holds_corpora(folder: str) -> bool:
    """Return whether corpora were prepared in ``folder``, and no link leads out of it."""
    if not any(Path(folder).glob("*/shards")):
        return False
    require_links_inside(folder, "replace it by what it should hold")
    return True
