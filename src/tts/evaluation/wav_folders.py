"""Wavs that somebody else made: folders of them, and the texts they say."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tts.audio.io import AudioError, read_audio
from tts.audio.mel import MelContract
from tts.errors import UserError
from tts.evaluation.systems import RECORDINGS, EvaluationSentence, Spoken, System

ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".mp3")
SHORTEST = 0.1  # seconds that can be measured


def read_folders(
    folders: Sequence[str | Path],
    texts: str | Path | None,
    reference: str | Path | None,
    aligned: bool,
    language: str,
    contract: MelContract,
) -> Spoken:
    """Each folder is a system, its files' names without their ending are the sentences' ids.

    ``texts``: a file of ``id|text`` (a third column is the text as spoken); ``reference``: a folder
    of recordings; ``aligned``: the wavs are copies of them. A file that cannot be read or measured
    is told among the problems, and the rest is scored. Raises UserError when nothing is left.
    """
    written = read_texts(Path(texts)) if texts is not None else {}
    paths = [Path(reference)] if reference is not None else []
    found = [_files(folder) for folder in [*paths, *map(Path, folders)]]
    spoken = set().union(*(files for files in found[len(paths) :]))
    ids = sorted(spoken & set(written)) if written else sorted(spoken)
    if not ids:
        some = ", ".join(sorted(spoken)[:3])
        raise UserError(
            f"text={texts}: none of its ids is the name of a wav; the wavs are called {some}, ..."
        )
    problems = []
    if written and (unheard := sorted(set(written) - spoken)):
        problems.append(f"{len(unheard)} texts have no wav, the first is {unheard[0]}")
    if written and (unwritten := sorted(spoken - set(written))):
        problems.append(f"{len(unwritten)} wavs have no text, the first is {unwritten[0]}")
    names = ([RECORDINGS] if paths else []) + names_of(list(map(Path, folders)))
    systems = []
    for system, files in zip(names, found, strict=True):
        waves = [_wave(files.get(name), contract, problems) for name in ids]
        systems.append(System(system, waves, aligned=aligned and system != RECORDINGS))
    if paths and (alone := [i for i, n in zip(ids, systems[0].waves, strict=True) if n is None]):
        problems.append(f"{len(alone)} wavs have no recording to stand beside: {alone[0]}, ...")
    if not any(wave is not None for system in systems[len(paths) :] for wave in system.waves):
        raise UserError("nothing can be scored:\n       " + "\n       ".join(problems))
    sentences = [EvaluationSentence(i, written.get(i, ""), "", language) for i in ids]
    return Spoken(
        sentences,
        systems,
        names[len(paths)],
        recorded=bool(paths),
        texts=tuple(written.values()),
        problems=tuple(problems),
    )


def read_texts(path: Path) -> dict[str, str]:
    """Text by id. Raises UserError naming the row."""
    if not path.is_file():
        raise UserError(f"text={path}: there is no such file")
    texts: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter="|", quotechar=None), 1):
                if not row:
                    continue
                if len(row) < 2:
                    raise UserError(f"{path}, row {number}: give id|text")
                texts[Path(row[0]).stem] = row[2] if len(row) > 2 and row[2] else row[1]
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from error
    if not texts:
        raise UserError(f"text={path}: it is empty")
    return texts


def _files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder")
    files = {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in ENDINGS}
    if not files:
        raise UserError(f"{folder}: it holds no {', '.join(ENDINGS)}")
    return files


def _wave(path: Path | None, contract: MelContract, problems: list[str]) -> np.ndarray | None:
    if path is None:
        return None
    try:
        wave = read_audio(path, contract.sample_rate)
    except AudioError as error:
        problems.append(str(error))
        return None
    if (seconds := len(wave) / contract.sample_rate) < SHORTEST:
        problems.append(f"{path}: {seconds * 1000:.1f} ms are too short to be measured")
        return None
    if np.abs(wave).max() < 1e-4:
        problems.append(f"{path}: silent")
        return None
    return wave


def names_of(folders: list[Path]) -> list[str]:
    """The folders' own names, or as much of their paths as tells them apart."""
    parts = [folder.resolve().parts for folder in folders]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise UserError("the same folder is given twice")
