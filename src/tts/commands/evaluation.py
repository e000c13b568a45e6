"""Recordings, their vocoder copies and a run's own speech, through the same measures."""

import math
import multiprocessing
import random
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor

from tts.audio.mel import MelContract, mel_spectrogram
from tts.audio.pitch import estimate_pitch
from tts.checkpoint import Run, load_run
from tts.commands.corpora import prepare_from_config
from tts.commands.scoring import Score, prepare_scorer, score
from tts.data.dataset import SpeechDataset
from tts.data.doctor import text_key
from tts.data.store import PreparedCorpus, write_json
from tts.errors import UserError
from tts.metrics.alignment import boundary_errors, path_agreement
from tts.metrics.bootstrap import Estimate, mean, ratio
from tts.metrics.f0 import f0_spread
from tts.metrics.global_variance import global_variance
from tts.synthesizer import Synthesizer

SYSTEMS = ("recordings", "vocoder copies", "synthesis")


class Clip(NamedTuple):
    """One system's version of one sentence."""

    system: str
    id: str
    text: str
    language: str
    wave: np.ndarray  # (S,)


def evaluate(config: DictConfig) -> dict[str, Any]:
    """Print the table, write the JSON, return what is in it."""
    run = load_run(config.run)
    synthesizer = Synthesizer.load(run.path, vocoder=instantiate(config.vocoder))
    folders = prepare_from_config(run.config["data"])
    corpora = [PreparedCorpus.open(folder) for folder in folders]
    for corpus in corpora:
        run.facts.contract.require(corpus.facts.contract, str(run.path), str(corpus.path))
    data = SpeechDataset(corpora, "validation", run.facts)
    chosen = choose(data, config.utterances, config.seed)
    clips, factors = speak_all(data, chosen, synthesizer)
    texts = sorted({row.normalised for corpus in corpora for row in corpus.rows})
    scores = score_all(clips, texts, synthesizer.sample_rate, config.workers)
    result = {
        "run": str(run.path),
        "step": run.step,
        "utterances": len(chosen),
        "seed": config.seed,
        "systems": {
            system: summarise(clips, scores, system, run.facts.contract, config.seed)
            for system in SYSTEMS
        },
        "model": forced(data, chosen, synthesizer, config.seed) | factors,
        "sentences": [
            {"system": c.system, "id": c.id, "text": c.text, **s._asdict()}
            for c, s in zip(clips, scores, strict=True)
        ],
    }
    out = Path(config.out) if config.out else _beside(run)
    write_json(out, result)
    show(result)
    print(f"-> {out}")
    return result


def choose(data: SpeechDataset, count: int, seed: int) -> list[int]:
    """Indices of ``count`` validation utterances, each text once, drawn by the seed."""
    by_text: dict[str, int] = {}
    for index, row in enumerate(data.rows):
        by_text.setdefault(text_key(row), index)
    if not by_text:
        raise UserError("this run has no validation sentences: data.prepare.validation_share=0")
    places = sorted(by_text.values())
    return sorted(random.Random(seed).sample(places, min(count, len(places))))


def speak_all(
    data: SpeechDataset, chosen: list[int], synthesizer: Synthesizer
) -> tuple[list[Clip], dict[str, float]]:
    """Every system's clips, and the seconds of work per second of speech of ours by stage."""
    clips: list[Clip] = []
    for index in chosen:
        row = data.rows[index]
        batch = data[[index]]
        assert batch.mel is not None
        recording = data.audio(index).numpy()
        with torch.inference_mode():
            copy = synthesizer.vocoder(batch.mel)[0].numpy()
        ours = synthesizer.speak_tokens(batch.tokens[0].tolist(), row.speaker, batch.mel)
        for system, wave in zip(SYSTEMS, (recording, copy, ours.waveform), strict=True):
            clips.append(Clip(system, row.id, row.normalised, row.language, wave))
    return clips, speed(data, chosen, synthesizer)


def speed(data: SpeechDataset, chosen: list[int], synthesizer: Synthesizer) -> dict[str, float]:
    """Real-time factors of text to mel and of the vocoder: seconds of work per second of speech."""
    work = {"rtf_mel": 0.0, "rtf_vocoder": 0.0}
    seconds = 0.0
    for index in chosen[:10]:
        batch = data[[index]]
        began = time.perf_counter()
        mel = synthesizer.mel_from_tokens(
            batch.tokens[0].tolist(), data.rows[index].speaker, batch.mel
        )
        middle = time.perf_counter()
        with torch.inference_mode():
            synthesizer.vocoder(mel[None])
        work["rtf_mel"] += middle - began
        work["rtf_vocoder"] += time.perf_counter() - middle
        seconds += synthesizer.facts.contract.seconds(len(mel))
    return {name: value / seconds for name, value in work.items()}


def score_all(clips: list[Clip], texts: list[str], rate: int, workers: int) -> list[Score]:
    """Each clip's scores, over processes, with a progress bar."""
    from rich.console import Console
    from rich.progress import track

    jobs = [(clip.wave, rate, clip.text, clip.language) for clip in clips]
    console = Console(stderr=True)
    if workers < 2:
        prepare_scorer(texts)
        return [score(job) for job in track(jobs, "scoring", console=console)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, prepare_scorer, (texts,)) as pool:
        return list(track(pool.map(score, jobs), "scoring", len(jobs), console=console))


def summarise(
    clips: list[Clip], scores: list[Score], system: str, contract: MelContract, seed: int
) -> dict[str, Estimate]:
    """One row of the table: estimates with their 95 % intervals; what was not measured is nan."""
    pairs = [(c, s) for c, s in zip(clips, scores, strict=True) if c.system == system]
    mine = [s for _, s in pairs]
    mels = {
        name: [mel_spectrogram(torch.from_numpy(c.wave), contract).numpy() for c in clips
               if c.system == name]
        for name in {system, SYSTEMS[0]}
    }  # fmt: skip
    variance = global_variance(mels[system], mels[SYSTEMS[0]])
    spreads = [f0_spread(estimate_pitch(c.wave, contract)) for c, _ in pairs]
    return {
        "wer": ratio([s.word_errors for s in mine], [s.words for s in mine], seed),
        "cer": ratio([s.character_errors for s in mine], [s.characters for s in mine], seed),
        "p808": mean([s.p808 for s in mine], seed),
        "overall": mean([s.overall for s in mine], seed),
        "global_variance": Estimate(variance, math.nan, math.nan),
        "f0_spread": mean(spreads, seed),
    }


def forced(
    data: SpeechDataset, chosen: list[int], synthesizer: Synthesizer, seed: int
) -> dict[str, Any]:
    """How well the model follows the recordings when told their durations, pitch and energy."""
    rate = synthesizer.facts.contract.frames_per_second
    mel_errors: list[float] = []
    duration_errors: list[float] = []
    agreement: list[float] = []
    boundaries: list[Tensor] = []
    for index in chosen:
        batch = data[[index]]
        with torch.inference_mode():
            output = synthesizer.model(batch)
        mel_errors.append(float((output.mel - batch.mel).abs().mean()))
        error = output.prosody.log_duration.exp() - output.targets.durations
        duration_errors.append(float(error.abs().mean()))
        if output.log_attention is not None:
            attention = output.log_attention.exp()
            durations = output.targets.durations
            agreement.append(
                float(path_agreement(attention, durations, batch.frame_lengths, tolerance=1))
            )
            if batch.durations is not None:  # the corpus brings the truth
                lengths = batch.token_lengths
                boundaries.append(boundary_errors(durations, batch.durations, lengths, rate))
    values: dict[str, Any] = {
        "mel_l1": mean(mel_errors, seed),
        "duration_error_frames": mean(duration_errors, seed),
    }
    if agreement:
        values["frames_within_1_of_path"] = mean(agreement, seed)
    if boundaries:
        values["boundary_error_ms"] = float(torch.cat(boundaries).median())
    return values


def show(result: dict[str, Any]) -> None:
    """The table on the terminal."""
    from rich.console import Console
    from rich.table import Table

    heads = {
        "wer": ("WER %", 100), "cer": ("CER %", 100), "p808": ("P808", 1), "overall": ("OVRL", 1),
        "global_variance": ("GV dB", 1), "f0_spread": ("F0 sd st", 1),
    }  # fmt: skip
    table = Table(title=f"{result['utterances']} sentences, [95 % interval]")
    table.add_column("system")
    for head, _ in heads.values():
        table.add_column(head, justify="right")
    for system, row in result["systems"].items():
        cells = [_cell(row[name], factor) for name, (_, factor) in heads.items()]
        table.add_row(system, *cells)
    console = Console()
    console.print(table)
    for name, value in result["model"].items():
        text = f"{value:.4f}" if isinstance(value, float) else _cell(value, 1, 3)
        console.print(f"{name}: {text}", highlight=False)


def _cell(estimate: Estimate, factor: float, digits: int | None = None) -> str:
    value, low, high = (factor * x for x in estimate)
    if math.isnan(value):
        return "–"
    digits = digits if digits is not None else (1 if factor == 100 else 2)
    text = f"{value:.{digits}f}"
    return text if math.isnan(low) else f"{text} [{low:.{digits}f}, {high:.{digits}f}]"


def _beside(run: Run) -> Path:
    folder = run.path.parent
    return (folder.parent if folder.name == "checkpoints" else folder) / "evaluation.json"
