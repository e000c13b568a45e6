"""Acoustic models: what they say beside the recordings and their copies."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from tts.data.dataset import SpeechDataset
from tts.errors import UserError
from tts.evaluation.systems import RECORDINGS, EvaluationSentence, Spoken, System
from tts.metrics.alignment import (
    attention_failures,
    boundary_errors,
    coverage,
    diagonality,
    path_agreement,
)
from tts.metrics.bootstrap import mean
from tts.synthesizer import SynthesisControls, Synthesizer

COPIES = "vocoder copies"


class Reader(NamedTuple):
    """A model and how it is to speak."""

    synthesizer: Synthesizer
    controls: SynthesisControls


def readers_of(
    synthesizers: Mapping[str, Synthesizer],
    steps: Sequence[int | None],
    controls: SynthesisControls,
) -> dict[str, Reader]:
    """One by name for every model, and for every number of ``steps`` of a model that draws.

    What only a model that draws can do (see ``Sampling``) is asked of those alone. Raises UserError
    when it is asked and none does.
    """
    plain = controls._replace(steps=None, solver=None, temperature=None, guidance=None)
    found: dict[str, Reader] = {}
    for name, synthesizer in synthesizers.items():
        if getattr(synthesizer.model, "flow", None) is None:
            found[name] = Reader(synthesizer, plain)
            continue
        for count in steps:
            title = name if len(steps) == 1 else f"{name}, {count} step{'s' * (count != 1)}"
            found[title] = Reader(synthesizer, controls._replace(steps=count))
    asked = controls != plain or list(steps) != [None]
    if asked and all(reader.controls == plain for reader in found.values()):
        raise UserError(
            "steps, solver, temperature and guidance are for models that draw their mels "
            "(model/decoder=flow), and none of these does"
        )
    return found


def speak_all(
    data: SpeechDataset, chosen: list[int], readers: Mapping[str, Reader], seed: int
) -> Spoken:
    """Recordings, their copies by the first model's vocoder, and every model's own speech."""
    rows = [data.rows[index] for index in chosen]
    sentences = [EvaluationSentence(r.id, r.normalized, r.speaker, r.language) for r in rows]
    vocoder = next(iter(readers.values())).synthesizer.vocoder
    copies: list[np.ndarray | None] = []
    for index in chosen:
        batch = data[[index]]
        assert batch.mel is not None
        copies.append(vocoder.speak(batch.mel)[0].numpy())
    systems = [
        System(RECORDINGS, [data.audio(index).numpy() for index in chosen]),
        System(COPIES, copies, aligned=True),
    ]
    models: dict[str, dict[str, Any]] = {}
    followed: dict[int, dict[str, Any]] = {}  # of a model, whatever its controls
    for name, (synthesizer, controls) in readers.items():
        waves: list[np.ndarray | None] = []
        for number, (index, row) in enumerate(zip(chosen, rows, strict=True)):
            batch = data[[index]]
            tokens = batch.tokens[0].tolist()
            torch.manual_seed(seed + number)
            speech = synthesizer.speak_tokens(tokens, row.speaker, batch.mel, controls)
            waves.append(speech.waveform)
        systems.append(System(name, waves))
        key = id(synthesizer)
        if key not in followed:
            followed[key] = teacher_forced_scores(data, chosen, synthesizer, seed)
        models[name] = followed[key] | speed(data, chosen, synthesizer, controls)
    return Spoken(sentences, systems, baseline=systems[2].name, models=models)


def speed(
    data: SpeechDataset, chosen: list[int], synthesizer: Synthesizer, controls: SynthesisControls
) -> dict[str, float]:
    """Real-time factors of text to mel and of the vocoder: seconds of work per second of speech."""
    work = {"rtf_mel": 0.0, "rtf_vocoder": 0.0}
    parameters = sum(p.numel() for p in synthesizer.model.parameters()) / 1e6
    seconds = 0.0
    for index in chosen[:10]:
        batch = data[[index]]
        began = time.perf_counter()
        mel = synthesizer.mel_from_tokens(
            batch.tokens[0].tolist(), data.rows[index].speaker, batch.mel, controls
        )
        middle = time.perf_counter()
        with torch.inference_mode():
            synthesizer.vocoder(mel[None])
        work["rtf_mel"] += middle - began
        work["rtf_vocoder"] += time.perf_counter() - middle
        seconds += synthesizer.facts.contract.seconds(len(mel))
    found = {name: value / seconds for name, value in work.items()}
    return {"parameters_millions": parameters, **found}


def teacher_forced_scores(
    data: SpeechDataset, chosen: list[int], synthesizer: Synthesizer, seed: int
) -> dict[str, Any]:
    """How well the model follows the recordings when told their durations, pitch and energy."""
    rate = synthesizer.facts.contract.frames_per_second
    found: dict[str, list[float]] = {}
    boundaries: list[Tensor] = []

    def note(name: str, value: Tensor) -> None:
        found.setdefault(name, []).append(float(value))

    for index in chosen:
        batch = data[[index]]
        with torch.inference_mode():
            output = synthesizer.model(batch)
        note("mel_l1", (output.mel - batch.mel).abs().mean())
        error = output.prosody.log_duration.exp() - output.targets.durations
        note("duration_error_frames", error.abs().mean())
        if output.log_attention is None:
            continue
        attention, durations = output.log_attention.exp(), output.targets.durations
        tokens, frames = batch.token_lengths, batch.frame_lengths
        note("frames_within_1_of_path", path_agreement(attention, durations, frames, tolerance=1))
        note("attention_diagonality", diagonality(attention, tokens, frames))
        note("attention_coverage", coverage(attention, tokens, frames))
        skips, repeats = attention_failures(attention, tokens, frames)
        note("attention_skips", skips)
        note("attention_repeats", repeats)
        if batch.durations is not None:  # the corpus brings the truth
            boundaries.append(boundary_errors(durations, batch.durations, tokens, rate))
    values: dict[str, Any] = {name: mean(numbers, seed) for name, numbers in found.items()}
    if boundaries:
        values["boundary_error_ms"] = float(torch.cat(boundaries).median())
    return values
