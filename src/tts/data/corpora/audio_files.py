"""Audio files of a corpus, found by the ids that its metadata gives them."""

import unicodedata
from pathlib import Path, PurePosixPath

import soundfile

from tts.data.corpora.source import CorpusError


class AudioFiles:
    """The audio files in ``folder``, by path relative to it and without extension.

    Ids are found as they are written, and also with an extension, with folders in front, in quotes,
    and with accents in another Unicode form than in the file's name.
    """

    def __init__(self, root: Path, folder: str = "wavs") -> None:
        self.root, self.folder = root, root / folder
        if not self.folder.is_dir():
            raise CorpusError(f"{root}: no folder {folder}/ in it; move the audio files there")
        self._extensions = {f".{form.lower()}" for form in soundfile.available_formats()}
        self._extensions |= {".opus", ".oga", ".aif"}
        self._files: dict[str, Path] = {}  # of several with one id, the first by name
        self._by_form: dict[str, str] = {}  # id in composed form -> id
        self._by_name: dict[str, list[str]] = {}  # without its folders -> ids
        try:
            paths = sorted(self.folder.rglob("*"))
        except OSError as error:
            raise CorpusError(
                f"{error.filename or self.folder}: cannot be read ({error.strerror})"
            ) from error
        for path in paths:
            if path.suffix.lower() in self._extensions:
                name = path.relative_to(self.folder).with_suffix("").as_posix()
                self._files.setdefault(name, path)
        self._existing = set(self._files.values())
        for name in self._files:
            form = unicodedata.normalize("NFC", name)
            self._by_form.setdefault(form, name)
            self._by_name.setdefault(form.rpartition("/")[2], []).append(name)

    def find(self, written: str) -> tuple[str, Path]:
        """Return the id and the path of what a row calls ``written``.

        A file that does not exist gets the path where it should be.
        """
        candidates = self._readings(written)
        for name in candidates:
            if name in self._files:
                return unicodedata.normalize("NFC", name), self._files[name]
            form = unicodedata.normalize("NFC", name)
            if form in self._by_form:
                return form, self._files[self._by_form[form]]
        for name in candidates:
            same = self._by_name.get(unicodedata.normalize("NFC", name).rpartition("/")[2], [])
            if len(same) == 1 and "/" in name:
                return unicodedata.normalize("NFC", same[0]), self._files[same[0]]
        name = candidates[-1]
        return name, self.folder / f"{name}.wav"

    def exists(self, written: str) -> bool:
        """Return whether a file belongs to ``written``."""
        return self.find(written)[1] in self._existing

    def _readings(self, written: str) -> list[str]:
        """Return the ids that ``written`` can mean, the literal one first."""
        plain = written.strip().strip("\"'“”").replace("\\", "/")
        readings = [written, plain]
        if PurePosixPath(plain).suffix.lower() in self._extensions:
            readings.append(plain[: -len(PurePosixPath(plain).suffix)])
        for prefix in (f"{self.folder.as_posix()}/", f"{self.folder.name}/", "./"):
            readings += [r.removeprefix(prefix) for r in readings if r.startswith(prefix)]
        marker = f"/{self.folder.name}/"
        readings += [r.rpartition(marker)[2] for r in readings if marker in r]
        return [reading.lstrip("/") or written for reading in dict.fromkeys(readings)]
