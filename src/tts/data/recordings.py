"""The recordings of a corpus: their files and what is in them."""

import glob
import logging
import os
from collections.abc import Sequence
from itertools import combinations
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


def require_different(
    corpora: Sequence[Corpus], recordings: Sequence[Recordings], folders: Sequence[Path]
) -> None:
    """Raise CorpusError where two corpora are the same, or have most recordings in common.

    Fewer recordings in common are logged. ``folders``: where the corpora are prepared.
    """
    for first, second in combinations(range(len(corpora)), 2):
        names = (
            f"data.corpora[{first}] ({corpora[first].name}) and data.corpora[{second}] "
            f"({corpora[second].name})"
        )
        if folders[first] == folders[second]:
            raise CorpusError(f"{names} are the same corpus: remove one of the two")
        here, there = recordings[first].contents, recordings[second].contents
        same, fewer = len(here & there), min(len(here), len(there))
        if 2 * same > fewer:
            raise CorpusError(
                f"{names} are the same recordings ({same} of {fewer} files): remove one of the two"
            )
        if same:
            log.warning(
                "%s have %d recordings in common: they count twice, and what is for training in "
                "one may be for validation in the other", names, same,
            )  # fmt: skip
