"""Speakers that a training leaves out, so that cloning can be measured on them."""

import random
from collections.abc import Collection, Sequence
from dataclasses import replace

from tts.corpus import CorpusFacts
from tts.errors import UserError, listed

Unseen = Sequence[str] | int | None


def choose_unseen(speakers: Collection[str], asked: Unseen, seed: int) -> frozenset[str]:
    """Return the speakers to leave out: those named, or as many as ``asked``, drawn by ``seed``.

    Raises UserError for names that no corpus has, and where nobody would be left to train on.
    """
    if not asked:
        return frozenset()
    if isinstance(asked, int):
        chosen = random.Random(seed).sample(sorted(speakers), min(asked, len(speakers)))
    else:
        chosen = [str(name) for name in asked]
    if unknown := sorted(set(chosen) - set(speakers)):
        raise UserError(
            f"data.unseen_speakers: no corpus has a speaker {unknown[0]}; choose from "
            f"{listed(sorted(speakers))}"
        )
    if len(set(chosen)) == len(speakers):
        raise UserError(
            f"data.unseen_speakers={asked}: the corpora have {len(speakers)} speakers, so nobody "
            "is left to train on"
        )
    return frozenset(chosen)


def trained_facts(facts: CorpusFacts, unseen: Collection[str]) -> CorpusFacts | None:
    """Return ``facts`` without the speakers of ``unseen``; None where no speaker is left.

    The mean of the mel is still that of all recordings of a prepared corpus.
    """
    kept = [index for index, name in enumerate(facts.speakers) if name not in unseen]
    if not kept:
        return None
    spoken = [facts.languages[facts.speaker_languages[index]] for index in kept]
    languages = tuple(name for name in facts.languages if name in spoken)
    return replace(
        facts,
        speakers=tuple(facts.speakers[index] for index in kept),
        languages=languages,
        statistics=tuple(facts.statistics[index] for index in kept),
        speaker_languages=tuple(languages.index(name) for name in spoken),
    )
