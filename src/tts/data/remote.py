"""Prepared folders in object storage: made on this machine and uploaded, or copied when needed.

A local folder stands for a remote one. ``origin.json`` in it names the URL. Small files are copied
when the folder is opened, a shard when one of its utterances is first read. From then on a shard is
mapped into memory as any other, so that training does not wait for the store again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tts.data.run_once import run_once
from tts.data.shards import ORIGIN, StoreError
from tts.files import write_json
from tts.object_store import ObjectFolder, is_url, local_copy
from tts.plain_data import PlainDataError, read_json

LOCAL = ("extracted.jsonl", "files.json", ORIGIN)  # of use only where the recordings are


class Storage(NamedTuple):
    """Where prepared corpora are kept."""

    directory: str  # a folder, or the URL of one in object storage
    cache: str = "prepared"  # holds copies of what is in object storage

    @property
    def folder(self) -> Path:
        """The folder on this machine."""
        remote = is_url(self.directory)
        return local_copy(self.directory, self.cache) if remote else Path(self.directory)

    def url(self, name: str) -> str | None:
        """Return the URL of a corpus in object storage; None where it is a folder only."""
        return f"{self.directory.rstrip('/')}/{name}" if is_url(self.directory) else None


def make_or_fetch(folder: Path, marker: str, work: Callable[[], object], url: str | None) -> None:
    """Call ``work``, which leaves the file ``marker`` in ``folder``, unless that has been done.

    With a ``url``, what the store has is used, and what ``work`` makes is uploaded, ``marker``
    last. A process that is killed continues where it was.
    """
    if url is None:
        run_once(folder, folder / marker, work)
        return
    remote = ObjectFolder(url)

    def share() -> None:
        if remote.has(marker):
            _fetch(remote, folder)
        else:
            remote.require_writable()  # before hours of work
            if not (folder / marker).is_file():
                work()
            _upload(remote, folder, marker)
        write_json(folder / ORIGIN, {"url": remote.url})

    run_once(folder, folder / ORIGIN, share)


def fetch_finished(folder: Path, marker: str, url: str) -> None:
    """Copy the small files of a finished remote folder, unless they are here."""

    def missing() -> None:
        raise StoreError(
            f"{url} is not a finished prepared corpus, it has no {marker}; check the URL, or run "
            "python -m tts prepare with data.prepared_dir= the folder above it"
        )

    if not (folder / ORIGIN).is_file() and not ObjectFolder(url).has(marker):
        missing()
    make_or_fetch(folder, marker, missing, url)


def origin(folder: Path) -> str | None:
    """Return the URL that a local folder is a copy of; None for other folders."""
    try:
        return str(read_json(folder / ORIGIN)["url"])
    except (OSError, PlainDataError, LookupError, TypeError):
        return None


def origin_of_part(folder: Path) -> str | None:
    """Return the URL of a folder in a prepared one, such as that of its codes."""
    url = origin(folder.parent)
    return None if url is None else f"{url}/{folder.name}"


def fetch_shard(path: Path) -> None:
    """Copy a shard that is missing here, if its folder is the copy of a remote one."""
    if path.is_file():
        return
    folder = path.parents[1]
    if (url := origin(folder)) is not None:
        ObjectFolder(url).download(path.relative_to(folder).as_posix(), path)


def _fetch(remote: ObjectFolder, folder: Path) -> None:
    for name in remote.names():
        if name not in LOCAL:
            remote.download(name, folder / name)


def _upload(remote: ObjectFolder, folder: Path, marker: str) -> None:
    shards = [f"shards/{path.name}" for path in sorted(folder.glob("shards/*.safetensors"))]
    files = sorted(path.name for path in folder.iterdir() if path.is_file())
    small = [name for name in files if not name.startswith(".") and name not in (*LOCAL, marker)]
    remote.upload(folder, [*shards, *small])
    remote.upload(folder, [marker])
