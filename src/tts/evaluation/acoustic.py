"""Evaluation of acoustic models against recordings and copy synthesis."""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tts.batch import Batch
from tts.controls import SynthesisControls
from tts.data.dataset import SpeechDataset
from tts.evaluation.compared_controls import titles
from tts.evaluation.references import ReferenceReader
from tts.evaluation.systems import (
    COPY_SYNTHESIS,
    RECORDINGS,
    EvaluationSentence,
    EvaluationSet,
    ModelMeasurements,
    System,
)
from tts.metrics.alignment import (
    attention_failures,
    boundary_errors,
    coverage,
    diagonality,
    focus_rate,
    path_agreement,
)
from tts.metrics.bootstrap import mean_estimate
from tts.synthesizer import Synthesizer
from tts.vocoders.codec import Codec
from tts.vocoders.codec_decoder import CodecDecoder
from tts.vocoders.vocoder import Vocoder


class Reader(NamedTuple):
    """A model and how it is to speak."""

    synthesizer: Synthesizer
    controls: SynthesisControls


def readers_of(
    synthesizers: Mapping[str, Synthesizer], controls: Sequence[SynthesisControls]
) -> dict[str, Reader]:
    """Return a reader for each model and each of ``controls`` that differ for it.

    They come from ``compared_controls``. A model is given the controls that it takes. Raises
    UserError for a control that none of the models takes.
    """
    found: dict[str, Reader] = {}
    for name, synthesizer in synthesizers.items():
        taken: list[SynthesisControls] = []
        for each in controls:
            if (own := each.only(synthesizer.model.controls)) not in taken:
                taken.append(own)
        for title, each in zip(titles(name, taken), taken, strict=True):
            found[title] = Reader(synthesizer, each)
    models = [synthesizer.model for synthesizer in synthesizers.values()]
    every = frozenset[str]().union(*(model.controls for model in models))
    for each in controls:
        models[0].require_controls(each.only(set(each._fields) - every))
    return found


def synthesize_systems(
    data: SpeechDataset, chosen: list[int], readers: Mapping[str, Reader], seed: int
) -> EvaluationSet:
    """Return recordings, copy synthesis by the first model's vocoder or codec, and every model's
    speech.

    The first model is the baseline.
    """
    rows = [data.row(index) for index in chosen]
    sentences = [EvaluationSentence(r.id, r.normalized, r.speaker, r.language) for r in rows]
    vocoder = next(iter(readers.values())).synthesizer.vocoder
    systems = [
        System(RECORDINGS, [data.audio(index).numpy() for index in chosen]),
        System(COPY_SYNTHESIS, copy_synthesis(data, chosen, vocoder), aligned=True),
    ]
    references = ReferenceReader(data)
    models: dict[str, ModelMeasurements] = {}
    teacher_forced: dict[int, ModelMeasurements] = {}  # by id of the synthesizer: no controls
    for name, (synthesizer, controls) in readers.items():
        waves: list[np.ndarray | None] = []
        failed: list[float] = []  # of a model that reads by attention
        rounds: list[float] = []  # of a model that refines codes
        for offset, (index, row) in enumerate(zip(chosen, rows, strict=True)):
            batch = data[[index]]
            tokens = batch.tokens[0].tolist()
            reference = references.read(index, synthesizer)
            generated = synthesizer.generate_from_tokens(
                tokens, row.speaker, reference, controls, seed + offset
            )
            waves.append(synthesizer.speech_of(generated).waveform)
            if generated.reading is not None:
                failed.append(100.0 * bool(generated.reading.failed))
            if generated.refinement is not None:
                rounds.append(float(generated.refinement.passes))
        systems.append(System(name, waves))
        key = id(synthesizer)
        if key not in teacher_forced:
            teacher_forced[key] = teacher_forced_scores(data, chosen, synthesizer, seed)
        measured = speed(data, chosen, Reader(synthesizer, controls), references)
        models[name] = teacher_forced[key] | measured
        if failed:  # first takes that skip, repeat or do not end
            models[name] |= {"failures_per_100": mean_estimate(failed, seed)}
        if rounds:  # passes of the audio model, for all codebooks
            models[name] |= {"rounds": mean_estimate(rounds, seed)}
    return EvaluationSet(sentences, systems, baseline=systems[2].name, models=models)


def copy_synthesis(
    data: SpeechDataset, chosen: Sequence[int], vocoder: Vocoder
) -> list[np.ndarray | None]:
    """Return the recordings as ``vocoder`` makes them of their mels or codes."""
    copies: list[np.ndarray | None] = []
    for index in chosen:
        batch, audio = data[[index]], data.audio(index)
        assert batch.mel is not None
        copies.append(vocoder.copy(batch.mel, audio[None])[0, : len(audio)].numpy())
    return copies


def parameters_millions(synthesizer: Synthesizer) -> float:
    return sum(p.numel() for p in synthesizer.model.parameters()) / 1e6


def speed(
    data: SpeechDataset, chosen: list[int], reader: Reader, references: ReferenceReader
) -> ModelMeasurements:
    """Return the number of parameters and the real-time factors of acoustic model and vocoder.

    A real-time factor is seconds of computation per second of speech.
    """
    synthesizer, controls = reader
    elapsed = {"rtf_mel": 0.0, "rtf_vocoder": 0.0}
    seconds = 0.0
    for index in chosen[:10]:
        tokens = data[[index]].tokens[0].tolist()
        reference = references.read(index, synthesizer)
        start = time.perf_counter()
        features = synthesizer.generate_from_tokens(
            tokens, data.row(index).speaker, reference, controls
        ).features[0]
        features_done = time.perf_counter()
        with torch.inference_mode():
            synthesizer.vocoder(features[None])
        elapsed["rtf_mel"] += features_done - start
        elapsed["rtf_vocoder"] += time.perf_counter() - features_done
        contract = synthesizer.facts.contract_of(synthesizer.model.features)
        seconds += contract.seconds(len(features))
    factors = {name: value / seconds for name, value in elapsed.items()}
    return {"parameters_millions": parameters_millions(synthesizer), **factors}


def teacher_forced_scores(
    data: SpeechDataset, chosen: list[int], synthesizer: Synthesizer, seed: int
) -> ModelMeasurements:
    """Return mel, duration and alignment errors with ground-truth durations, pitch and energy."""
    vocoder = synthesizer.vocoder
    scores: dict[str, list[float]] = {}
    boundaries: list[Tensor] = []

    def add(name: str, value: Tensor) -> None:
        scores.setdefault(name, []).append(float(value))

    for index in chosen:
        batch = data[[index]]
        if isinstance(vocoder, CodecDecoder):
            batch = with_codes(batch, vocoder.codec, data.audio(index))
        with torch.inference_mode():
            output = synthesizer.model.diagnostics(synthesizer.model(batch))
        if output.mel is not None and batch.mel is not None:
            add("mel_l1", (output.mel - batch.mel).abs().mean())
        if output.token_accuracy is not None:
            add("token_accuracy", output.token_accuracy.mean())
        durations = output.durations
        if durations is not None and output.predicted_durations is not None:
            add("duration_error_frames", (output.predicted_durations - durations).abs().mean())
        if output.log_attention is None:
            continue
        attention = output.log_attention.exp()
        tokens, frames = batch.token_lengths, output.frame_lengths(batch)
        if durations is not None:
            agreement = path_agreement(attention, durations, frames, tolerance=1)
            add("frames_within_1_of_path", agreement)
        add("attention_diagonality", diagonality(attention, tokens, frames))
        add("attention_focus_rate", focus_rate(attention, frames))
        add("attention_coverage", coverage(attention, tokens, frames))
        skips, repeats = attention_failures(attention, tokens, frames)
        add("attention_skips", skips)
        add("attention_repeats", repeats)
        if durations is not None and batch.durations is not None:  # of a corpus with alignments
            rate = synthesizer.facts.contract.frames_per_second
            boundaries.append(boundary_errors(durations, batch.durations, tokens, rate))
    measurements: ModelMeasurements = {
        name: mean_estimate(values, seed) for name, values in scores.items()
    }
    if boundaries:
        measurements["boundary_error_ms"] = float(torch.cat(boundaries).median())
    return measurements


def with_codes(batch: Batch, codec: Codec, audio: Tensor) -> Batch:
    """Return a batch of one utterance with the codes of its recording ``audio (S,)``."""
    with torch.inference_mode():
        codes = codec.encode(audio[None])
    return batch._replace(codes=codes, code_lengths=torch.tensor([codes.shape[1]]))
