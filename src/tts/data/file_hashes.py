"""Hashes of recordings, computed again only where size or times of a file changed.

A corpus is known by the content of its files: a copy with other times is the same corpus, and a
recording replaced by another one of the same size is not.
"""

import hashlib
import json
import logging
import os
import stat
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tts.data.shards import write_bytes

log = logging.getLogger(__name__)
FILES = "files.json"  # in a prepared folder
MANY = 2000  # files whose reading takes a while

Entry = list[int | str]  # size, modification and change time in nanoseconds, hash


class FileHashes:
    """Hashes by path, with those that earlier preparations found in ``folders``."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._known: dict[str, Entry] = {}
        for folder in folders:
            # a damaged or unreadable file only costs reading the recordings again
            with suppress(OSError, ValueError, AttributeError, RecursionError):
                content = json.loads((folder / FILES).read_text(encoding="utf-8"))
                self._known |= {k: v for k, v in content.items() if _is_entry(v)}

    def of(self, paths: Iterable[Path]) -> dict[Path, str]:
        """Return the hash of every file that can be read; the others are left out."""
        found: dict[Path, str] = {}
        todo: dict[Path, Entry] = {}
        for path in dict.fromkeys(paths):
            with suppress(OSError):
                status = path.stat()
                if not stat.S_ISREG(status.st_mode):  # a pipe or device need not end
                    continue
                entry: Entry = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
                known = self._known.get(_key(path))
                if known is not None and known[:3] == entry:
                    found[path] = str(known[3])
                else:
                    todo[path] = entry
        if len(todo) > MANY:
            log.info("reading %d files to see whether they are prepared already", len(todo))
        with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
            for path, digest in zip(todo, pool.map(_hash, todo), strict=True):
                if digest is not None:
                    found[path] = digest
                    self._known[_key(path)] = [*todo[path], digest]
        return found

    def save(self, folder: Path, paths: Iterable[Path]) -> None:
        """Write the entries of ``paths`` into ``folder``, unless they are there already."""
        entries = {_key(p): self._known[_key(p)] for p in paths if _key(p) in self._known}
        text = json.dumps(dict(sorted(entries.items())), ensure_ascii=False, indent=0)
        content = text.encode("utf-8", "backslashreplace")
        file = folder / FILES
        with suppress(OSError):  # a folder of another user, who may not let us write
            if not file.is_file() or file.read_bytes() != content:
                write_bytes(file, content)


def digest(hashes: Mapping[str, str]) -> str:
    """Return one hash of the names and contents of many files."""
    lines = "".join(f"{name}\0{value}\n" for name, value in sorted(hashes.items()))
    return hashlib.blake2b(lines.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _key(path: Path) -> str:
    return os.path.abspath(path)


def _is_entry(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(isinstance(number, int) for number in value[:3])
        and isinstance(value[3], str)
    )


def _hash(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError:  # preparing names it
        return None
