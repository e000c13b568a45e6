"""A corpus that was prepared before: its recordings are not needed."""

from collections.abc import Iterator
from pathlib import Path

from tts.data.corpora.source import CorpusError, Source
from tts.object_store import is_url, local_copy
from tts.plain_data import PlainData


class Prepared:
    """A finished folder of a prepared corpus, as ``prepare`` names it. ``path``: folder or URL."""

    def __init__(self, path: str | Path | None = None) -> None:
        if path is None:
            raise CorpusError("data.path is missing: give the folder of a prepared corpus")
        self.path = str(path).rstrip("/")
        self.name = Path(self.path).name

    @property
    def url(self) -> str | None:
        """The URL of a folder in object storage; None for one of this machine."""
        return self.path if is_url(self.path) else None

    def folder(self, cache: str) -> Path:
        """Return the folder on this machine; that of a URL is below ``cache``."""
        return Path(self.path) if self.url is None else local_copy(self.url, cache)

    def sources(self) -> Iterator[Source]:
        """Yield nothing: there is nothing to prepare."""
        return iter(())

    def fingerprint(self) -> PlainData:
        return {"prepared": self.path}
