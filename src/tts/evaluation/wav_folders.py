"""Evaluation of folders of audio files from any source, with their texts and recordings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tts.audio.io import AudioError, read_audio
from tts.contract import MelContract
from tts.data.id_texts import read_texts
from tts.errors import UserError
from tts.evaluation.systems import RECORDINGS, EvaluationSentence, EvaluationSet, System
from tts.text.language_words import other_language
from tts.text.phonemes import require_language

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")
MIN_SECONDS = 0.1  # of a file that can be measured


def read_folders(
    folders: Sequence[str | Path],
    texts: str | Path | None,
    reference: str | Path | None,
    aligned: bool,
    language: str,
    contract: MelContract,
) -> EvaluationSet:
    """Read each folder as a system; file names without suffix are the ids of the sentences.

    ``texts``: a file of ``id|text`` (or ``id|text|normalized text``). ``reference``: a folder of
    recordings. ``aligned``: the files are time-aligned copies of them. A file that cannot be read
    or measured is listed under ``problems``. Raises UserError if nothing is left to score, and for
    an unknown language.
    """
    require_language(language)
    text_by_id = read_texts(Path(texts)) if texts is not None else {}
    references = [Path(reference)] if reference is not None else []
    files = [_audio_files(folder) for folder in [*references, *map(Path, folders)]]
    found = set().union(*(system for system in files[len(references) :]))
    ids = sorted(found & set(text_by_id)) if text_by_id else sorted(found)
    if not ids:
        raise UserError(
            f"text={texts}: no id matches a file name; the files are named "
            f"{', '.join(sorted(found)[:3])}, ..."
        )
    problems = []
    if text_by_id and (without_audio := sorted(set(text_by_id) - found)):
        problems.append(
            f"{len(without_audio)} texts have no audio file; the first is {without_audio[0]}"
        )
    if text_by_id and (without_text := sorted(found - set(text_by_id))):
        problems.append(
            f"{len(without_text)} audio files have no text; the first is {without_text[0]}"
        )
    spoken = [text_by_id[id_] for id_ in ids if id_ in text_by_id]
    if (other := other_language(spoken, language)) is not None:
        problems.append(
            f"the texts seem to be {other.name}, for example {other.example[:60]!r}, and language "
            f"is {language}: set language"
        )
    names = ([RECORDINGS] if references else []) + shortest_names(list(map(Path, folders)))
    systems = []
    for name, system in zip(names, files, strict=True):
        waves = [_read_wave(system.get(id_), contract, problems) for id_ in ids]
        systems.append(System(name, waves, aligned=aligned and name != RECORDINGS))
    if references:
        unmatched = [i for i, wave in zip(ids, systems[0].waves, strict=True) if wave is None]
        if unmatched:
            problems.append(
                f"{len(unmatched)} audio files have no recording; the first is {unmatched[0]}"
            )
    if not any(wave is not None for system in systems[len(references) :] for wave in system.waves):
        raise UserError("no audio file can be scored:\n       " + "\n       ".join(problems))
    sentences = [EvaluationSentence(id_, text_by_id.get(id_, ""), "", language) for id_ in ids]
    return EvaluationSet(
        sentences,
        systems,
        names[len(references)],
        has_recordings=bool(references),
        texts=tuple(text_by_id.values()),
        problems=tuple(problems),
    )


def _audio_files(folder: Path) -> dict[str, Path]:
    """Return the audio files of a folder by id."""
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder")
    files = {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in AUDIO_SUFFIXES}
    if not files:
        raise UserError(f"{folder}: the folder has no {', '.join(AUDIO_SUFFIXES)} files")
    return files


def _read_wave(path: Path | None, contract: MelContract, problems: list[str]) -> np.ndarray | None:
    """Return samples at the contract's rate; None, with a problem added, if unusable."""
    if path is None:
        return None
    try:
        wave = read_audio(path, contract.sample_rate)
    except AudioError as error:
        problems.append(str(error))
        return None
    if (seconds := len(wave) / contract.sample_rate) < MIN_SECONDS:
        problems.append(f"{path}: {seconds * 1000:.1f} ms are too short to be measured")
        return None
    if np.abs(wave).max() < 1e-4:
        problems.append(f"{path}: silent")
        return None
    return wave


def shortest_names(folders: list[Path]) -> list[str]:
    """Return the shortest path suffixes that distinguish the folders. Raises UserError."""
    parts = [folder.resolve().parts for folder in folders]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise UserError("the same folder is given twice")
