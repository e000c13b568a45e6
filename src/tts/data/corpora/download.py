"""Download of the public LJ Speech archive, verified by its checksum."""

import hashlib
import os
import tarfile
import urllib.request
from functools import partial
from pathlib import Path

from tts.data.corpora.source import CorpusError
from tts.data.run_once import run_once

URL = "https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2"
SHA256 = "be1a30453f28eb8dd26af4101ae40cbf2c50413b1bb21936cbcdc6fae3de8aa5"
FOLDER = "LJSpeech-1.1"
BLOCK = 1 << 20


def download_ljspeech(folder: Path, url: str = URL, sha256: str = SHA256) -> Path:
    """Return the corpus's folder under ``folder``; download (2.6 GB) and unpack it if missing.

    Raises CorpusError when the download fails or its checksum does not match.
    """
    unpacked = folder / FOLDER
    run_once(folder, unpacked / "metadata.csv", partial(_download, folder, url, sha256))
    return unpacked


def _download(folder: Path, url: str, sha256: str) -> None:
    archive = folder / url.rsplit("/", 1)[-1]
    if not archive.is_file():
        _fetch(url, archive, sha256)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise CorpusError(
            f"{archive}: cannot be unpacked ({error}); delete it and run the same command again"
        ) from error
    if not (folder / FOLDER / "metadata.csv").is_file():
        raise CorpusError(
            f"{archive}: {FOLDER}/metadata.csv is missing in it; delete it and download it again"
        )


def _fetch(url: str, archive: Path, sha256: str) -> None:
    from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

    partial = archive.with_suffix(archive.suffix + ".part")
    digest = hashlib.sha256()
    try:
        with (
            urllib.request.urlopen(url, timeout=30) as response,
            partial.open("wb") as file,
            Progress(
                *Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn()
            ) as bar,
        ):
            total = int(response.headers.get("Content-Length", 0)) or None
            task = bar.add_task("LJ Speech", total=total)
            while block := response.read(BLOCK):
                file.write(block)
                digest.update(block)
                bar.advance(task, len(block))
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise CorpusError(
            f"LJ Speech cannot be downloaded from {url} ({error}). Without network access give the "
            "folder of a copy: data.root=/path/to/LJSpeech-1.1"
        ) from error
    if digest.hexdigest() != sha256:
        partial.unlink(missing_ok=True)
        raise CorpusError(
            f"{url}: the SHA-256 of the download is {digest.hexdigest()}, not {sha256}; run the "
            "same command again"
        )
    os.replace(partial, archive)
