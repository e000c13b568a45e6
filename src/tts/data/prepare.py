"""Recordings in, prepared corpora out: parallel, resumable, the same bytes every time."""

import errno
import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tts.contract import MelContract
from tts.corpus import CorpusFacts, SpeakerStatistics
from tts.data.corpora.source import Corpus, Source
from tts.data.doctor import examine, report, require_enough, summarize
from tts.data.features import Sums, extract, utterance_state
from tts.data.prepare_settings import PrepareSettings
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
from tts.text.frontend import Frontend

SHARD = 64  # utterances a shard, and what a kill can lose


def prepare(
    corpora: Sequence[Corpus],
    frontend: Frontend,
    contract: MelContract,
    directory: str | os.PathLike[str],
    settings: PrepareSettings | None = None,
    workers: int = 2,
    progress: bool = True,
) -> list[Path]:
    """Prepare every corpus that is not yet, each in a folder of its own under ``directory``.

    A folder is named after the corpus and a hash of everything that shapes its content. Running
    again after a kill goes on at the last finished shard. Raises DoctorError when too little is
    usable, CorpusError for a corpus that cannot be read, StoreError when the disk is full.
    """
    settings = settings or PrepareSettings()
    folders = []
    for corpus in corpora:
        folder = prepared_folder(corpus, frontend, contract, directory, settings)
        work = partial(
            _prepare_one, corpus, frontend, contract, folder, settings, workers, progress
        )
        try:
            run_once(folder, folder / "corpus.json", work)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise StoreError(
                f"{folder}: {os.strerror(error.errno).lower()}; free some space and run the "
                "same command again, it goes on with what is finished"
            ) from error
        folders.append(folder)
    return folders


def prepared_folder(
    corpus: Corpus,
    frontend: Frontend,
    contract: MelContract,
    directory: str | os.PathLike[str],
    settings: PrepareSettings,
) -> Path:
    """Where a corpus prepared with these settings lies; a changed setting is another folder."""
    return Path(directory) / f"{corpus.name}-{_hash(_all(corpus, frontend, contract, settings))}"


def _all(
    corpus: Corpus, frontend: Frontend, contract: MelContract, settings: PrepareSettings
) -> dict[str, Any]:
    return {
        "version": VERSION,
        "corpus": corpus.fingerprint(),
        "frontend": frontend.to_dict(),
        "contract": contract.to_dict(),
        "settings": asdict(settings),
    }


def _hash(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:8]


def _prepare_one(
    corpus: Corpus,
    frontend: Frontend,
    contract: MelContract,
    folder: Path,
    settings: PrepareSettings,
    workers: int,
    progress: bool,
) -> None:
    sources = list(corpus.sources())
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    jobs = [sources[start : start + SHARD] for start in range(0, len(sources), SHARD)]
    todo = [n for n in range(len(jobs)) if not _part(folder, n).is_file()]
    arguments = [(folder, n, jobs[n], frontend, contract, settings) for n in todo]
    for number in _progress(_run(arguments, workers), corpus.name, len(jobs), len(todo), progress):
        assert _part(folder, number).is_file()
    _finish(corpus, frontend, contract, folder, settings, len(jobs))


def _part(folder: Path, number: int) -> Path:
    """Rows of a finished shard; gone once the manifest stands."""
    return folder / "shards" / f"{number:05d}.jsonl"


def _run(arguments: list[tuple[Any, ...]], workers: int) -> Iterator[int]:
    """Shard numbers as they are finished; in this process when there is little to do."""
    if workers < 2 or len(arguments) < 3:
        for argument in arguments:
            yield _shard(argument)
        return
    # spawn: a forked process would inherit torch's and espeak's threads in an unknown state
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        min(workers, len(arguments)), context, initializer=_one_thread
    ) as pool:
        try:
            yield from pool.map(_shard, arguments)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)  # the processes are the parallelism


def _shard(
    argument: tuple[Path, int, list[Source], Frontend, MelContract, PrepareSettings],
) -> int:
    folder, number, sources, frontend, contract, settings = argument
    utterances = [extract(source, frontend, contract, settings) for source in sources]
    kept = {u.row.id: u.features for u in utterances if u.row.kept}
    for utterance in utterances:
        utterance.row.shard = number if utterance.row.kept else None
    if kept:
        write_shard(shard_path(folder, number), kept)
    write_rows(_part(folder, number), map(utterance_state, utterances))
    return number


def _progress(numbers: Iterator[int], name: str, jobs: int, todo: int, show: bool) -> Iterator[int]:
    if not show:
        yield from numbers
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(
        "preparing {task.description}", BarColumn(), MofNCompleteColumn(), "shards",
        TimeRemainingColumn(), console=Console(stderr=True),
    ) as bar:  # fmt: skip
        task = bar.add_task(name, total=jobs, completed=jobs - todo)
        for number in numbers:
            bar.advance(task)
            yield number


def _finish(
    corpus: Corpus,
    frontend: Frontend,
    contract: MelContract,
    folder: Path,
    settings: PrepareSettings,
    jobs: int,
) -> None:
    """Look at the whole, write manifest and report, and last of all what says *finished*."""
    states = [state for n in range(jobs) for state in read_rows(_part(folder, n))]
    rows = [Row(**state["row"]) for state in states]
    examine(rows, [state["fingerprint"] for state in states], settings)
    write_rows(folder / "manifest.jsonl", map(row_dict, rows))
    write_text(folder / "report.txt", report(corpus.name, rows))
    write_json(folder / "report.json", summarize(rows))
    require_enough(corpus.name, rows, settings, str(folder / "manifest.jsonl"))
    sums = [Sums(**state["sums"]) for state in states]
    facts = _facts(rows, sums, frontend, contract)
    write_json(
        folder / "corpus.json",
        {
            "version": VERSION,
            "facts": facts.to_dict(),
            "settings": _all(corpus, frontend, contract, settings),
            "counts": summarize(rows),
        },
    )
    for number in range(jobs):
        _part(folder, number).unlink(missing_ok=True)


def _facts(
    rows: list[Row], sums: list[Sums], frontend: Frontend, contract: MelContract
) -> CorpusFacts:
    """Statistics over what is trained on."""
    speakers: dict[str, Sums] = {}
    languages: dict[str, str] = {}
    seconds: dict[str, float] = {}
    total = Sums()
    for row, part in zip(rows, sums, strict=True):
        if not row.kept:
            continue
        languages.setdefault(row.speaker, row.language)
        speakers.setdefault(row.speaker, Sums())
        if row.split == "train":
            speakers[row.speaker].add(part)
            seconds[row.speaker] = seconds.get(row.speaker, 0.0) + row.seconds
            total.add(part)
    names = sorted(speakers)
    known = sorted(set(languages.values()))
    mel_mean, mel_std = _moments(total.frames, total.mel, total.mel_square)
    return CorpusFacts(
        contract=contract,
        symbols=tuple(frontend.symbols),
        speakers=tuple(names),
        languages=tuple(known),
        statistics=tuple(_speaker(speakers[n], total, seconds.get(n, 0.0)) for n in names),
        speaker_languages=tuple(known.index(languages[n]) for n in names),
        mel_mean=mel_mean,
        mel_std=mel_std,
        has_durations=all(row.timed for row in rows if row.kept),
    )


def _speaker(sums: Sums, total: Sums, seconds: float) -> SpeakerStatistics:
    # a voice heard in validation alone borrows everybody's
    pitch = sums if sums.voiced else total
    loud = sums if sums.frames else total
    return SpeakerStatistics(
        *_moments(pitch.voiced, pitch.pitch, pitch.pitch_square),
        *_moments(loud.frames, loud.energy, loud.energy_square),
        round(seconds, 3),
    )


def _moments(count: float, total: float, square: float) -> tuple[float, float]:
    """Mean and standard deviation from sums; (0, 1) of nothing."""
    if count == 0:
        return 0.0, 1.0
    mean = total / count
    return mean, max(square / count - mean**2, 1e-12) ** 0.5
