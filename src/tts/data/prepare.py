"""Preparing corpora: recordings in, folders of features out; parallel, resumable, deterministic."""

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

from tts.child_processes import WorkerPool, usable_workers
from tts.contract import MelContract
from tts.corpus import CorpusFacts, SpeakerStatistics
from tts.data.codes import prepare_codes
from tts.data.corpora.source import Corpus, Source
from tts.data.doctor import examine, report, require_enough, summarize
from tts.data.features import Recipe, Sums, extract, utterance_state
from tts.data.prepare_settings import PrepareSettings
from tts.data.progress import shard_progress
from tts.data.run_once import run_once
from tts.data.store import (
    VERSION,
    Row,
    StoreError,
    read_rows,
    row_dict,
    shard_path,
    write_json,
    write_rows,
    write_shard,
    write_text,
)
from tts.plain_data import PlainData
from tts.text.frontend import Frontend
from tts.vocoders.codec import Codec

SHARD = 64  # utterances per shard; a kill loses at most the shards in work


def prepare(
    corpora: Sequence[Corpus],
    frontend: Frontend,
    contract: MelContract,
    directory: str | os.PathLike[str],
    settings: PrepareSettings | None = None,
    workers: int = 2,
    progress: bool = True,
    codec: Codec | None = None,
) -> list[Path]:
    """Prepare every corpus that is not yet, each in its own folder under ``directory``.

    A folder is named after the corpus and a hash of everything that shapes its features; codes of
    ``codec`` are added to it (:mod:`tts.data.codes`). Running again after a kill continues at the
    last finished shard. Raises DoctorError when too little is usable, CorpusError for a corpus that
    cannot be read, StoreError when the disk is full.
    """
    recipe = Recipe(frontend, contract, settings or PrepareSettings())
    folders = []
    for corpus in corpora:
        folder = prepared_folder(corpus, recipe, directory)
        try:
            work = partial(_prepare_corpus, corpus, recipe, folder, workers, progress)
            run_once(folder, folder / "corpus.json", work)
            if codec is not None:
                prepare_codes(folder, codec, progress)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise StoreError(
                f"{folder}: {os.strerror(error.errno).lower()}; free some space and run the same "
                "command again, it continues at the last finished shard"
            ) from error
        folders.append(folder)
    return folders


def prepared_folder(corpus: Corpus, recipe: Recipe, directory: str | os.PathLike[str]) -> Path:
    """Return the folder of a corpus prepared so; a changed setting is another folder."""
    key = json.dumps(_settings(corpus, recipe), sort_keys=True, default=str)
    return Path(directory) / f"{corpus.name}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _settings(corpus: Corpus, recipe: Recipe) -> PlainData:
    return {"version": VERSION, "corpus": corpus.fingerprint(), **recipe.to_dict()}


def _prepare_corpus(
    corpus: Corpus, recipe: Recipe, folder: Path, workers: int, progress: bool
) -> None:
    sources = list(corpus.sources())
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    shards = [sources[start : start + SHARD] for start in range(0, len(sources), SHARD)]
    todo = [n for n in range(len(shards)) if not _part(folder, n).is_file()]
    finished = _run([_Job(folder, n, shards[n], recipe) for n in todo], workers)
    if progress:
        finished = shard_progress(finished, corpus.name, len(shards), len(todo))
    for number in finished:
        assert _part(folder, number).is_file()
    _finish(corpus, recipe, folder, len(shards))


class _Job(NamedTuple):
    folder: Path
    number: int  # of the shard
    sources: list[Source]
    recipe: Recipe


def _part(folder: Path, number: int) -> Path:
    """Rows of a finished shard; deleted once the manifest is written."""
    return folder / "shards" / f"{number:05d}.jsonl"


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
    utterances = [extract(source, job.recipe) for source in job.sources]
    kept = {u.row.id: u.features for u in utterances if u.row.kept}
    for utterance in utterances:
        utterance.row.shard = job.number if utterance.row.kept else None
    if kept:
        write_shard(shard_path(job.folder, job.number), kept)
    write_rows(_part(job.folder, job.number), map(utterance_state, utterances))
    return job.number


def _finish(corpus: Corpus, recipe: Recipe, folder: Path, shards: int) -> None:
    """Check the full corpus, write manifest and report, and last ``corpus.json``."""
    states = [state for n in range(shards) for state in read_rows(_part(folder, n))]
    rows = [Row(**state["row"]) for state in states]
    examine(rows, [state["fingerprint"] for state in states], recipe.settings)
    write_rows(folder / "manifest.jsonl", map(row_dict, rows))
    write_text(folder / "report.txt", report(corpus.name, rows))
    write_json(folder / "report.json", summarize(rows))
    require_enough(corpus.name, rows, recipe.settings, str(folder / "manifest.jsonl"))
    sums = [Sums(**state["sums"]) for state in states]
    facts = _facts(rows, sums, recipe.frontend, recipe.contract)
    write_json(
        folder / "corpus.json",
        {
            "version": VERSION,
            "facts": facts.to_dict(),
            "settings": _settings(corpus, recipe),
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
