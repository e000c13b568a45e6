"""Plan of a cloning test: which recordings of a speaker are the reference, which the test."""

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tts.data.dataset import SpeechDataset

LEAST_OTHERS = 3  # recordings of a speaker beside the reference
MOST_OTHERS = 12  # that are compared with each clone
STRANGERS = 12  # recordings of other speakers that make the floor
MALE_BELOW = np.log(165.0)  # ln of the mean F0 in Hz that divides speakers where sex is not known


class CloningPlan(NamedTuple):
    """Utterances of the test of one speaker, by their index in the dataset."""

    speaker: str
    reference: tuple[int, ...]  # joined, they are what the voice is cloned from
    others: tuple[int, ...]  # recordings that clones are compared with
    spoken: tuple[int, ...]  # of the others: whose texts are spoken
    strangers: tuple[int, ...]  # recordings of other speakers of about the same pitch


def plan_cloning(
    data: SpeechDataset, speakers: Sequence[str], count: int, seconds: float, seed: int
) -> tuple[list[CloningPlan], list[str]]:
    """Return a plan for each of ``speakers``, and why some have none.

    ``data``: recordings of these and of other speakers. ``count``: texts in all, evenly of all
    speakers. ``seconds``: of the reference, at most.
    """
    places: dict[str, list[int]] = {}
    for index, row in enumerate(data.rows):
        places.setdefault(row.speaker, []).append(index)
    plans, problems = [], []
    for speaker in speakers:
        own = list(places.get(speaker, ()))
        generator = random.Random(f"{seed}/{speaker}")
        generator.shuffle(own)
        if len(own) <= LEAST_OTHERS:
            problems.append(
                f"speaker {speaker} is left out: {len(own)} recordings, {LEAST_OTHERS + 1} are "
                "needed"
            )
            continue
        taken = _reference(data, own, seconds)
        others = tuple(own[taken : taken + MOST_OTHERS])
        strangers = _strangers(data, places, speaker, generator)
        if not strangers:
            problems.append(f"speaker {speaker} has no floor: there is no other speaker")
        plans.append(CloningPlan(speaker, tuple(own[:taken]), others, (), strangers))
    return _with_texts(plans, count), problems


def _reference(data: SpeechDataset, own: Sequence[int], seconds: float) -> int:
    """Return how many of the first recordings make a reference of ``seconds``."""
    wanted = seconds * data.facts.contract.frames_per_second
    taken, frames = 0, 0
    while frames < wanted and len(own) - taken > LEAST_OTHERS:
        frames += int(data.frame_lengths[own[taken]])
        taken += 1
    return taken


def _strangers(
    data: SpeechDataset,
    places: dict[str, list[int]],
    speaker: str,
    generator: random.Random,
) -> tuple[int, ...]:
    """Return one recording each of other speakers, on the same side of MALE_BELOW if there are."""
    facts = data.facts
    low = {
        name: one.pitch_mean < MALE_BELOW
        for name, one in zip(facts.speakers, facts.statistics, strict=True)
    }
    others = sorted(set(places) - {speaker})
    alike = [name for name in others if low[name] == low[speaker]] or others
    chosen = generator.sample(alike, min(STRANGERS, len(alike)))
    return tuple(generator.choice(places[name]) for name in chosen)


def _with_texts(plans: list[CloningPlan], count: int) -> list[CloningPlan]:
    """Give the speakers texts in turn, until ``count`` are spoken or all are."""
    spoken = [0] * len(plans)
    while sum(spoken) < count:
        before = sum(spoken)
        for number, plan in enumerate(plans):
            if sum(spoken) < count and spoken[number] < len(plan.others):
                spoken[number] += 1
        if sum(spoken) == before:
            break
    return [
        plan._replace(spoken=plan.others[:number])
        for plan, number in zip(plans, spoken, strict=True)
        if number
    ]
