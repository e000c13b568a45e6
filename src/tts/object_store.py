"""Folders in object storage, such as ``s3://bucket/folder``, through fsspec.

Keys and addresses of a store come from its own environment variables and files, and from fsspec's:
``FSSPEC_S3_ENDPOINT_URL`` names a server that speaks S3.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tts.errors import UserError
from tts.files import FULL, atomic_path
from tts.project_files import install_advice

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://(.+)", re.IGNORECASE)
_EXTRAS = {"s3": "s3", "s3a": "s3"}  # protocol: extra of this project


class ObjectStoreError(UserError):
    """A folder in object storage that cannot be read or written; the message names its URL."""


def is_url(path: str | os.PathLike[str]) -> bool:
    """Return whether ``path`` is a URL, not a path of this machine."""
    return _URL.fullmatch(os.fspath(path)) is not None


def local_copy(url: str, cache: str | os.PathLike[str]) -> Path:
    """Return the folder below ``cache`` that holds copies of a URL's files.

    ``s3://bucket/folder`` -> ``cache/s3/bucket/folder``. Raises ObjectStoreError for a URL without
    a name, or one that leads out of the cache.
    """
    found = _URL.fullmatch(url)
    names = [name for name in re.split(r"[/\\]", found[2]) if name] if found else []
    if found is None or not names or ".." in names:
        raise ObjectStoreError(f"{url}: not the URL of a folder; write s3://BUCKET/FOLDER")
    return Path(cache, found[1].lower(), *names)


class ObjectFolder:
    """A folder in object storage. Raises ObjectStoreError naming the URL and what to do."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        with _named_errors(self.url):
            import fsspec  # synthesis does without it

            # made anew in a forked process, as fsspec asks for
            local = self.url.lower().startswith(("file:", "local:"))  # folders must exist there
            options = {"auto_mkdir": True} if local else {}
            system, path = fsspec.core.url_to_fs(self.url, **options)
            self._system: Any = system
            self._path: str = path.rstrip("/")

    def has(self, name: str) -> bool:
        """Return whether a file is there."""
        with _named_errors(f"{self.url}/{name}"):
            try:  # isfile() takes every error for a no
                return bool(self._system.info(f"{self._path}/{name}")["type"] == "file")
            except FileNotFoundError:
                return False

    def names(self) -> list[str]:
        """Return the names of the files directly in the folder."""
        with _named_errors(self.url):
            entries = self._system.ls(self._path, detail=True)
        return [e["name"].rpartition("/")[2] for e in entries if e["type"] == "file"]

    def download(self, name: str, target: Path) -> None:
        """Copy a file to ``target``, completely or not at all."""
        with atomic_path(target) as temporary, _named_errors(f"{self.url}/{name}"):
            self._system.get_file(f"{self._path}/{name}", str(temporary))

    def upload(self, folder: Path, names: Iterable[str]) -> None:
        """Copy files of a local folder; those that are there with the same size are left out."""
        with _named_errors(self.url):
            there = self._system.find(self._path, detail=True)
            todo = [
                name
                for name in names
                if there.get(f"{self._path}/{name}", {}).get("size")
                != (folder / name).stat().st_size
            ]
            sources = [str(folder / name) for name in todo]
            if todo:  # several at a time, where the file system can
                self._system.put(sources, [f"{self._path}/{name}" for name in todo])

    def require_writable(self) -> None:
        """Raise ObjectStoreError where no file can be written; no file is left."""
        with _named_errors(self.url):
            place = f"{self._path}/.probe-{os.getpid()}"
            self._system.pipe_file(place, b"")
            self._system.rm_file(place)


@contextmanager
def _named_errors(url: str) -> Iterator[None]:
    """Raise the errors of a store that occur inside as ObjectStoreErrors about ``url``."""
    try:
        yield
    except UserError:
        raise
    except ImportError as error:
        protocol = url.partition(":")[0].lower()
        remedy = f"run `{install_advice(_EXTRAS[protocol])}`" if protocol in _EXTRAS else f"{error}"
        reason = f"the package for {protocol}:// is not installed"
        raise ObjectStoreError(f"{url}: {reason}; {remedy}") from error
    except FileNotFoundError as error:
        raise ObjectStoreError(f"{url}: there is no such bucket, folder or file") from error
    except OSError as error:
        if error.errno in FULL:  # of this machine's disk
            raise
        raise _refused(url, error) from error
    # every store has exceptions of its own, such as botocore's NoCredentialsError
    except Exception as error:
        raise _refused(url, error) from error


def _refused(url: str, error: Exception) -> ObjectStoreError:
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return ObjectStoreError(
        f"{url}: the store refuses or cannot be reached ({said}); check the URL, your credentials "
        "and the network"
    )
