"""Preparing corpora: recordings in, folders of features out; parallel, resumable, deterministic."""

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import torch

from tts.child_processes import WorkerError, WorkerPool, usable_workers
from tts.contract import MelContract
from tts.corpus import CorpusFacts, SpeakerStatistics
from tts.data import acoustics
from tts.data.acoustics import Sums, acoustics_key
from tts.data.codes import prepare_codes
from tts.data.corpora.prepared import Prepared
from tts.data.corpora.source import Corpus, Source, description, read_sources
from tts.data.doctor import examine, outcome, report, require_enough, summarize
from tts.data.features import Recipe, extract, utterance_state
from tts.data.language_check import language_warnings, reported_warnings, require_languages
from tts.data.manifest import MANIFEST, Manifest, Row, read_rows, row_dict, write_rows
from tts.data.prepare_settings import PrepareSettings
from tts.data.progress import shard_progress
from tts.data.recordings import Recordings, require_different
from tts.data.remote import Storage, fetch_finished, make_or_fetch
from tts.data.reuse import EXTRACTED, AcousticsReader, Place, find_acoustics
from tts.data.shards import SHARD
from tts.data.store import (
    FINISHED,
    VERSION,
    PreparedCorpus,
    StoreError,
    front_end_of,
    shard_path,
    write_shard,
)
from tts.files import FULL, FileError, disk_error, file_error, write_json, write_text
from tts.folder_lock import is_first_rank
from tts.plain_data import PlainData
from tts.text.frontend import Frontend
from tts.vocoders.codec import Codec

REPORT = "report.txt"
log = logging.getLogger(__name__)


def prepare(
    corpora: Sequence[Corpus],
    frontend: Frontend,
    contract: MelContract,
    directory: str | os.PathLike[str] | Storage,
    settings: PrepareSettings | None = None,
    workers: int = 2,
    progress: bool = True,
    codec: Codec | None = None,
) -> list[Path]:
    """Prepare every corpus that is not yet, each in its own folder under ``directory``.

    A ``directory`` in object storage has a copy on this machine, whose folders are returned.

    A folder is named after the corpus and a hash of everything that shapes its features; codes of
    ``codec`` are added to it (:mod:`tts.data.codes`). Running again after a kill continues at the
    last finished shard, and another folder's acoustics are used where they are the same. Raises
    DoctorError when too little is usable, CorpusError for a corpus that cannot be read or is given
    twice, StoreError when the disk is full or a process is killed.
    """
    storage = directory if isinstance(directory, Storage) else Storage(os.fspath(directory))
    directory, place = storage.folder, str(storage.directory)
    try:
        frontend = frontend.learned(_texts(corpora))
        recipe = Recipe(frontend, contract, settings or PrepareSettings())
        recordings = [Recordings.of(corpus, directory) for corpus in corpora]
        folders = [
            corpus.folder(storage.cache)
            if isinstance(corpus, Prepared)
            else prepared_folder(corpus, recipe, directory, audio)
            for corpus, audio in zip(corpora, recordings, strict=True)
        ]
        require_different(corpora, recordings, folders)
        for corpus, audio, folder in zip(corpora, recordings, folders, strict=True):
            place = str(folder)
            finished = (folder / FINISHED).is_file()
            if isinstance(corpus, Prepared):
                _open_prepared(corpus, recipe, folder)
            else:
                work = partial(_prepare_corpus, corpus, audio, recipe, folder, workers, progress)
                make_or_fetch(folder, FINISHED, work, storage.url(folder.name))
                audio.save(folder)
            if progress and is_first_rank() and (finished or isinstance(corpus, Prepared)):
                for line in reported_warnings(folder / REPORT):
                    log.info(line)  # as when it was prepared
            if codec is not None:
                prepare_codes(folder, codec, progress, workers)
    except (OSError, FileError) as error:
        raise _store_error(error, place) from error
    except WorkerError as error:
        raise StoreError(
            f"{place}: a process that prepares was killed, probably for want of memory; run the "
            "same command again with data.prepare_workers=1, it continues at the last finished "
            "shard"
        ) from error
    return folders


def _open_prepared(corpus: Prepared, recipe: Recipe, folder: Path) -> None:
    """Copy a corpus that is in object storage; raise StoreError where it was made otherwise."""
    if corpus.url is not None:
        fetch_finished(folder, FINISHED, corpus.url)
    facts = PreparedCorpus.open(folder).facts
    recipe.contract.require(facts.contract, "audio", corpus.path, "Set audio as it was prepared.")
    made, wanted = front_end_of(folder), recipe.frontend.to_dict()
    for name in ("phonemizer", "lexicon"):
        if wanted.get(name) != made.get(name):
            raise StoreError(
                f"{corpus.path}: prepared with another front end ({name} differs); choose the "
                "frontend= that it was prepared with"
            )


def _texts(corpora: Sequence[Corpus]) -> Iterator[tuple[str, str]]:
    """Yield the texts of all corpora, with languages, for a front end that learns from them."""
    for corpus in corpora:
        for source in read_sources(corpus):
            if source.phonemes is None:
                yield source.normalized or source.text, source.language


def _store_error(error: Exception, folder: str) -> StoreError:
    """Return the error of a disk as a StoreError about ``folder``."""
    cause = disk_error(error)
    if cause is None:
        return StoreError(f"{folder}: {error}")
    goes_on = ", it continues at the last finished shard" if cause.errno in FULL else ""
    return StoreError(f"{file_error(cause, cause.filename or folder)}{goes_on}")


def prepared_folder(
    corpus: Corpus, recipe: Recipe, directory: str | os.PathLike[str], recordings: Recordings
) -> Path:
    """Return the folder of a corpus prepared so; a changed setting or recording is another one."""
    key = json.dumps(_settings(corpus, recipe, recordings), sort_keys=True, default=str)
    return Path(directory) / f"{corpus.name}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _settings(corpus: Corpus, recipe: Recipe, recordings: Recordings) -> PlainData:
    return {
        "version": [VERSION, acoustics.VERSION],
        "corpus": corpus.fingerprint(),
        "recordings": recordings.digest,
        **recipe.to_dict(),
    }


def _prepare_corpus(
    corpus: Corpus,
    recordings: Recordings,
    recipe: Recipe,
    folder: Path,
    workers: int,
    progress: bool,
) -> None:
    sources = list(read_sources(corpus))
    require_languages(sources, recipe.frontend)
    if how := description(corpus):
        log.info(how)
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    recordings.save(folder)
    shards = [sources[start : start + SHARD] for start in range(0, len(sources), SHARD)]
    todo = [n for n in range(len(shards)) if not _is_finished(folder, n)]
    keys = {
        n: [
            acoustics_key(s, recipe.contract, recipe.settings, recordings.hash(s.audio))
            for s in shards[n]
        ]
        for n in todo
    }
    known = find_acoustics(folder.parent, chain.from_iterable(keys.values()))
    jobs = [
        _Job(folder, n, shards[n], recipe, keys[n], {k: known[k] for k in keys[n] if k in known})
        for n in todo
    ]
    finished = _run(jobs, workers)
    if progress:
        finished = shard_progress(finished, corpus.name, len(shards), len(todo))
    for number in finished:
        assert _part(folder, number).is_file()
    _finish(corpus, recordings, recipe, folder, len(shards))


class _Job(NamedTuple):
    folder: Path
    number: int  # of the shard
    sources: list[Source]
    recipe: Recipe
    keys: list[str | None]  # of the acoustics of each source
    known: dict[str, Place]  # acoustics that another preparation extracted


def _part(folder: Path, number: int) -> Path:
    """States of a finished shard's utterances; all in one file once the manifest is written."""
    return folder / "shards" / f"{number:05d}.jsonl"


def _is_finished(folder: Path, number: int) -> bool:
    """Return whether a shard is complete; one that was removed is made again."""
    part = _part(folder, number)
    if not part.is_file():
        return False
    try:
        kept = any(state["row"]["kept"] for state in read_rows(part))
    except (ValueError, LookupError, TypeError):
        return False
    return not kept or shard_path(folder, number).is_file()


def _run(jobs: list[_Job], workers: int) -> Iterator[int]:
    """Yield shard numbers as they are finished; in this process when there are few."""
    if workers < 2 or len(jobs) < 3 or not usable_workers(workers, "data.prepare_workers"):
        for job in jobs:
            yield _shard(job)
        return
    with WorkerPool(min(workers, len(jobs)), "data.prepare_workers", _one_thread) as pool:
        yield from pool.map(_shard, jobs)


def _one_thread() -> None:
    torch.set_num_threads(1)  # the processes are the parallelism


def _shard(job: _Job) -> int:
    reader = AcousticsReader(job.known)
    utterances = [
        extract(source, job.recipe, key, reader.read(key))
        for source, key in zip(job.sources, job.keys, strict=True)
    ]
    kept = {u.row.id: u.features for u in utterances if u.row.kept}
    for utterance in utterances:
        utterance.row.shard = job.number if utterance.row.kept else None
    if kept:
        write_shard(shard_path(job.folder, job.number), kept)
    write_rows(_part(job.folder, job.number), map(utterance_state, utterances))
    return job.number


def _finish(
    corpus: Corpus, recordings: Recordings, recipe: Recipe, folder: Path, shards: int
) -> None:
    """Check the full corpus, write manifest and report, and last ``corpus.json``."""
    states = [state for n in range(shards) for state in read_rows(_part(folder, n))]
    rows = [Row(**state["row"]) for state in states]
    found = [state["acoustics"] for state in states]
    examine(rows, [values and values["fingerprint"] for values in found], recipe.settings)
    write_rows(folder / MANIFEST, map(row_dict, rows))
    warnings = language_warnings(rows)
    for line in (*warnings, *outcome(corpus.name, rows, str(folder / REPORT))):
        log.info(line)  # the command prepare prints the report instead
    remarks = [line for line in (description(corpus), *warnings) if line]
    write_text(folder / REPORT, report(corpus.name, rows, remarks))
    write_json(folder / "report.json", summarize(rows))
    require_enough(corpus.name, rows, recipe.settings, str(folder / MANIFEST))
    sums = [Sums(**values["sums"]) if values else Sums() for values in found]
    facts = _facts(rows, sums, recipe.frontend, recipe.contract)
    write_rows(folder / EXTRACTED, states)
    Manifest(folder)  # writes its index
    write_json(
        folder / FINISHED,
        {
            "version": VERSION,
            "facts": facts.to_dict(),
            "settings": _settings(corpus, recipe, recordings),
            "counts": summarize(rows),
        },
    )
    for number in range(shards):
        _part(folder, number).unlink(missing_ok=True)


def _facts(
    rows: list[Row], sums: list[Sums], frontend: Frontend, contract: MelContract
) -> CorpusFacts:
    """Compute the corpus's facts, with statistics over its training rows."""
    by_speaker: dict[str, Sums] = {}
    languages: dict[str, str] = {}
    seconds: dict[str, float] = {}
    total = Sums()
    for row, part in zip(rows, sums, strict=True):
        if not row.kept:
            continue
        languages.setdefault(row.speaker, row.language)
        by_speaker.setdefault(row.speaker, Sums())
        if row.split == "train":
            by_speaker[row.speaker].add(part)
            seconds[row.speaker] = seconds.get(row.speaker, 0.0) + row.seconds
            total.add(part)
    speakers = sorted(by_speaker)
    known = sorted(set(languages.values()))
    mel_mean, mel_std = _moments(total.frames, total.mel, total.mel_square)
    return CorpusFacts(
        contract=contract,
        symbols=tuple(frontend.symbols),
        trained_symbols=_trained_symbols(rows, frontend),
        speakers=tuple(speakers),
        languages=tuple(known),
        statistics=tuple(
            _statistics(by_speaker[name], total, seconds.get(name, 0.0)) for name in speakers
        ),
        speaker_languages=tuple(known.index(languages[name]) for name in speakers),
        mel_mean=mel_mean,
        mel_std=mel_std,
        has_durations=all(row.timed for row in rows if row.kept),
    )


def _trained_symbols(rows: list[Row], frontend: Frontend) -> tuple[str, ...]:
    """Return the symbols that occur in the training rows, in the table's order."""
    table = frontend.table
    trained = (row.phonemes for row in rows if row.kept and row.split == "train")
    known = set(table.shown({code for written in trained for code in table.read(written)}))
    return tuple(symbol for symbol in frontend.symbols if symbol in known)


def _statistics(sums: Sums, total: Sums, seconds: float) -> SpeakerStatistics:
    # a speaker without training rows gets the statistics of all speakers
    pitch = sums if sums.voiced else total
    loudness = sums if sums.frames else total
    return SpeakerStatistics(
        *_moments(pitch.voiced, pitch.pitch, pitch.pitch_square),
        *_moments(loudness.frames, loudness.energy, loudness.energy_square),
        round(seconds, 3),
    )


def _moments(count: float, total: float, square: float) -> tuple[float, float]:
    """Return mean and standard deviation from sums; (0, 1) for no values."""
    if count == 0:
        return 0.0, 1.0
    mean = total / count
    return mean, max(square / count - mean**2, 1e-12) ** 0.5
