"""Scores of cloning: similarity between floor and ceiling, and the distance of the mean F0.

For each text that is spoken, and each speaker encoder:

- clone: mean cosine of the clone to recordings of the speaker, other than the reference and than
  the recording of the same text;
- ceiling: the same of the recording of this text, so of two recordings of one speaker;
- floor: mean cosine of that recording to recordings of other speakers of about the same pitch;
- share: (clone - floor) / (ceiling - floor), of the means.
"""

import logging
from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from tts.audio.pitch import estimate_pitch
from tts.contract import MelContract
from tts.evaluation.cloning_material import CloningMaterial
from tts.evaluation.cloning_plan import CloningPlan
from tts.evaluation.systems import COPY_SYNTHESIS, RECORDINGS, EvaluationSet
from tts.metrics.bootstrap import Estimate, estimate
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.optional_packages import MissingPackageError
from tts.metrics.speaker_encoders import SimilarityEncoder

log = logging.getLogger(__name__)


class EncoderScores(TypedDict):
    """Similarities by one encoder."""

    clone: Estimate
    floor: Estimate
    ceiling: Estimate
    share: Estimate  # percent of the way from floor to ceiling


class VoiceScores(TypedDict):
    """Scores of one speaker's clones, or of all speakers with equal weights."""

    sentences: int
    reference_seconds: float
    f0_difference: Estimate  # semitones from the reference; over all speakers: its absolute value
    encoders: dict[str, EncoderScores]


class SystemScores(TypedDict):
    """Scores of one system."""

    overall: VoiceScores
    speakers: dict[str, VoiceScores]


class CloningScores(TypedDict):
    """Scores of a cloning test: the section ``cloning`` of ``report.json``."""

    encoders: dict[str, str]  # what each is
    reference_seconds: float  # at most
    systems: dict[str, SystemScores]


def score_cloning(
    data: EvaluationSet,
    material: CloningMaterial,
    encoders: Mapping[str, SimilarityEncoder],
    seed: int,
) -> CloningScores:
    """Return the scores of every system that speaks; a missing encoder is logged and left out."""
    usable = _usable(encoders)
    contract = material.data.facts.contract
    waves = {index: material.audio(index) for plan in material.plans for index in _all(plan)}
    embedded = {
        name: {index: _embed(encoder, wave, contract) for index, wave in waves.items()}
        for name, encoder in usable.items()
    }
    pitches = {
        speaker: _mean_semitones(wave, contract) for speaker, wave in material.references.items()
    }
    systems: dict[str, SystemScores] = {}
    for system in data.systems:
        if system.name in (RECORDINGS, COPY_SYNTHESIS):
            continue
        spoken = iter(system.waves)
        rows: dict[str, dict[str, np.ndarray]] = {}
        for plan in material.plans:
            samples = [next(spoken) for _ in plan.spoken]
            rows[plan.speaker] = {
                name: np.array([
                    _similarities(plan, index, _embed(encoder, wave, contract), embedded[name])
                    for index, wave in zip(plan.spoken, samples, strict=True) if wave is not None
                ])
                for name, encoder in usable.items()
            } | {
                "f0": np.array([
                    [_mean_semitones(wave, contract) - pitches[plan.speaker]]
                    for wave in samples if wave is not None
                ])
            }  # fmt: skip
        systems[system.name] = _system(rows, material, list(usable), seed)
    return {
        "encoders": {n: " ".join((type(e).__doc__ or "").split()) for n, e in usable.items()},
        "reference_seconds": material.seconds,
        "systems": systems,
    }


def share_reached(means: np.ndarray) -> np.ndarray:
    """Map means of clone, floor and ceiling ``(..., 3)`` to percent of the way ``(...)``."""
    clone, floor, ceiling = np.moveaxis(means, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 100 * (clone - floor) / (ceiling - floor)


def _system(
    rows: Mapping[str, Mapping[str, np.ndarray]],
    material: CloningMaterial,
    names: list[str],
    seed: int,
) -> SystemScores:
    rate = material.data.facts.contract.sample_rate
    seconds = {name: len(wave) / rate for name, wave in material.references.items()}
    speakers = {
        speaker: _voice(values, names, seconds[speaker], seed) for speaker, values in rows.items()
    }
    # speakers are what was sampled, so the interval is over them
    together = {
        name: np.array([values[name].mean(0) for values in rows.values()])
        for name in (*names, "f0")
    }
    together["f0"] = np.abs(together["f0"])
    overall = _voice(together, names, float(np.mean(list(seconds.values()))), seed)
    overall["sentences"] = sum(each["sentences"] for each in speakers.values())
    return {"overall": overall, "speakers": speakers}


def _voice(
    values: Mapping[str, np.ndarray], names: list[str], seconds: float, seed: int
) -> VoiceScores:
    scores: dict[str, EncoderScores] = {}
    for name in names:
        clone, floor, ceiling = (
            estimate(values[name][:, number : number + 1], seed=seed) for number in range(3)
        )
        share = estimate(values[name], share_reached, seed)
        scores[name] = EncoderScores(clone=clone, floor=floor, ceiling=ceiling, share=share)
    return {
        "sentences": len(values["f0"]),
        "reference_seconds": seconds,
        "f0_difference": estimate(values["f0"], seed=seed),
        "encoders": scores,
    }


def _similarities(
    plan: CloningPlan, index: int, clone: np.ndarray, recordings: Mapping[int, np.ndarray]
) -> tuple[float, float, float]:
    """Return clone, floor and ceiling of one text; NaN for a floor without other speakers."""
    others = np.stack([recordings[one] for one in plan.others if one != index])
    own = recordings[index]
    floor = np.nan
    if plan.strangers:
        floor = float((np.stack([recordings[one] for one in plan.strangers]) @ own).mean())
    return float((others @ clone).mean()), floor, float((others @ own).mean())


def _embed(encoder: SimilarityEncoder, wave: np.ndarray, contract: MelContract) -> np.ndarray:
    return encoder(EvaluationSample(wave, contract).speech)


def _mean_semitones(wave: np.ndarray, contract: MelContract) -> float:
    """Return the mean F0 of voiced frames in semitones above 1 Hz; NaN without any."""
    pitch = estimate_pitch(wave, contract)
    voiced = pitch[pitch > 0]
    return float(12 * np.log2(voiced).mean()) if len(voiced) else float("nan")


def _all(plan: CloningPlan) -> tuple[int, ...]:
    return (*plan.others, *plan.strangers)


def _usable(encoders: Mapping[str, SimilarityEncoder]) -> dict[str, SimilarityEncoder]:
    """Return the encoders whose package is there."""
    found = {}
    for name, encoder in encoders.items():
        try:
            encoder(np.zeros(16000, np.float32))
        except MissingPackageError as error:
            log.warning("%s", error)
        else:
            found[name] = encoder
    return found
