"""The recordings of a corpus: their files and what is in them."""

import glob
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tts.data.corpora.source import Corpus, CorpusError, audio_files
from tts.data.file_hashes import FileHashes, digest

log = logging.getLogger(__name__)


class Recordings:
    """Hashes of a corpus's audio files. ``digest``: one hash of their names and contents."""

    def __init__(self, files: dict[str, Path], hashes: FileHashes) -> None:
        self._files, self._hashes = files, hashes
        self._by_path = hashes.of(files.values())
        self.digest = digest(
            {name: self._by_path.get(path, "missing") for name, path in files.items()}
        )

    @classmethod
    def of(cls, corpus: Corpus, directory: str | os.PathLike[str]) -> Self:
        """Read the files that changed since a corpus of this name was prepared in ``directory``."""
        folders = Path(directory).glob(f"{glob.escape(corpus.name)}-*")
        return cls(audio_files(corpus), FileHashes(sorted(folders)))

    def hash(self, path: Path | None) -> str | None:
        """Return the hash of one file; None where it cannot be read."""
        return None if path is None else self._by_path.get(path)

    def save(self, folder: Path) -> None:
        """Keep the hashes in a prepared folder, so that they need not be computed again."""
        self._hashes.save(folder, self._files.values())

    @property
    def contents(self) -> set[str]:
        return set(self._by_path.values())


def require_different(corpora: Sequence[Corpus], recordings: Sequence[Recordings]) -> None:
    """Raise CorpusError where two corpora have most recordings in common; warn of fewer."""
    for second, later in enumerate(recordings):
        for first, earlier in enumerate(recordings[:second]):
            same = later.contents & earlier.contents
            if not same:
                continue
            names = (
                f"data.corpora[{first}] ({corpora[first].name}) and data.corpora[{second}] "
                f"({corpora[second].name})"
            )
            fewer = min(len(later.contents), len(earlier.contents))
            if 2 * len(same) > fewer:
                raise CorpusError(
                    f"{names} are the same recordings ({len(same)} of {fewer} files): remove one "
                    "of the two"
                )
            log.warning(
                "%s have %d recordings in common: they count twice, and validation may contain "
                "what training contains", names, len(same),
            )  # fmt: skip
