"""Cloning test: texts of speakers that were not trained, spoken with a reference recording."""

import random
from collections.abc import Mapping, Sequence

import numpy as np

from tts.errors import UserError, listed
from tts.evaluation.acoustic import Reader, copy_synthesis, parameters_millions
from tts.evaluation.cloning_material import CloningMaterial
from tts.evaluation.systems import (
    COPY_SYNTHESIS,
    RECORDINGS,
    EvaluationSentence,
    EvaluationSet,
    ModelMeasurements,
    System,
)
from tts.speakers.reference import Reference, reference_of_samples
from tts.synthesizer import Synthesizer

TRAINED = "trained speakers"  # suffix of a system: the same texts by speakers of the training


def require_speakers(name: str, synthesizer: Synthesizer, speakers: Sequence[str]) -> None:
    """Raise UserError for a speaker that the model neither was trained with nor can clone."""
    model = synthesizer.model
    unknown = [each for each in speakers if each not in synthesizer.facts.speakers]
    if unknown and model.reference == "none" and not model.takes_embedding:
        known = synthesizer.facts.speakers
        raise UserError(
            f"speakers: {name} was not trained with {unknown[0]} and takes no reference, so it "
            f"cannot clone the voice; its speakers are {listed(known)}. If {unknown[0]} is one of "
            f"them, give the corpus that name, data.speaker={known[0]} 'speakers=[{known[0]}]'; "
            "else adapt the voice to the speaker, or train with model/style=composed"
        )


def synthesize_clones(
    material: CloningMaterial, readers: Mapping[str, Reader], seed: int
) -> EvaluationSet:
    """Return recordings, copy synthesis, every model's clones, and its trained speakers' speech.

    A speaker that a model was trained with is spoken by name, all others from the reference. Other
    trained speakers of the same language say the same texts, drawn by ``seed``, so that clones can
    be compared with them. The first model's clones are the baseline.
    """
    data, plans = material.data, material.plans
    targets = [plan.speaker for plan in plans]
    chosen = [index for plan in plans for index in plan.spoken]
    rows = [data.row(index) for index in chosen]
    sentences = [EvaluationSentence(r.id, r.normalized, r.speaker, r.language) for r in rows]
    first = next(iter(readers.values())).synthesizer
    systems = [
        System(RECORDINGS, [material.audio(index) for index in chosen]),
        System(COPY_SYNTHESIS, copy_synthesis(data, chosen, first.vocoder), aligned=True),
    ]
    models: dict[str, ModelMeasurements] = {}
    for name, reader in readers.items():
        require_speakers(name, reader.synthesizer, targets)
        known = reader.synthesizer.facts.speakers
        references = {
            speaker: _reference(wave, reader.synthesizer)
            for speaker, wave in material.references.items()
        }
        clones: list[np.ndarray | None] = []
        trained: list[np.ndarray | None] = []
        for offset, (index, row) in enumerate(zip(chosen, rows, strict=True)):
            tokens = data[[index]].tokens[0].tolist()
            named = row.speaker if row.speaker in known else None
            reference = references[row.speaker]
            clones.append(_spoken(reader, tokens, named, row.language, reference, seed + offset))
            speaker = _trained_speaker(reader.synthesizer, row.language, targets, seed + offset)
            if speaker is not None:
                trained.append(_spoken(reader, tokens, speaker, row.language, None, seed + offset))
        systems.append(System(name, clones))
        if len(trained) == len(chosen):
            systems.append(System(f"{name}, {TRAINED}", trained))
        models[name] = {"parameters_millions": parameters_millions(reader.synthesizer)}
    return EvaluationSet(sentences, systems, baseline=systems[2].name, models=models)


def _reference(wave: np.ndarray, synthesizer: Synthesizer) -> Reference:
    contract, embedded = synthesizer.facts.contract, synthesizer.model.takes_embedding
    return reference_of_samples(wave, contract, embedded).to(synthesizer.device)


def _spoken(
    reader: Reader,
    tokens: list[int],
    speaker: str | None,
    language: str,
    reference: Reference | None,
    seed: int,
) -> np.ndarray:
    """Return the waveform; ``speaker`` None: cloned from the reference."""
    synthesizer, controls = reader
    generated = synthesizer.generate_from_tokens(
        tokens, speaker, reference, controls, seed, language=language, cloned=speaker is None
    )
    return synthesizer.speech_of(generated).waveform


def _trained_speaker(
    synthesizer: Synthesizer, language: str, targets: Sequence[str], seed: int
) -> str | None:
    """Return a trained speaker of a language, any speaker if it has none, not one of ``targets``.

    None where there is none, as of a model that speaks with references alone.
    """
    facts = synthesizer.facts
    spoken = {
        name: facts.languages[number]
        for name, number in zip(facts.speakers, facts.speaker_languages, strict=True)
        if name not in targets
    }
    if synthesizer.model.reference == "required" or not spoken:
        return None
    same = [name for name, code in spoken.items() if code == language]
    return random.Random(seed).choice(same or list(spoken))
