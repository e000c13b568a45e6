"""Recordings of a cloning test, chosen from the corpora that are evaluated."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from omegaconf import DictConfig, ListConfig

from tts.checkpoint import Run
from tts.corpus import merge_facts
from tts.data.dataset import SpeechDataset
from tts.data.store import PreparedCorpus
from tts.errors import UserError, listed
from tts.evaluation.cloning_plan import CloningPlan, plan_cloning


class CloningMaterial:
    """The recordings of a cloning test; ``seconds``: of a reference, at most."""

    def __init__(self, data: SpeechDataset, plans: Sequence[CloningPlan], seconds: float) -> None:
        self.data, self.plans, self.seconds = data, list(plans), seconds

    @cached_property
    def references(self) -> dict[str, np.ndarray]:
        """``(S,)`` samples of each speaker's reference."""
        most = round(self.seconds * self.data.facts.contract.sample_rate)
        return {
            plan.speaker: np.concatenate([self.audio(index) for index in plan.reference])[:most]
            for plan in self.plans
        }

    def audio(self, index: int) -> np.ndarray:
        """Return the ``(S,)`` samples of a recording."""
        return self.data.audio(index).numpy()


def cloning_material(
    config: DictConfig, runs: Sequence[Run], corpora: Sequence[PreparedCorpus]
) -> tuple[CloningMaterial, list[str]]:
    """Return the recordings of the speakers of ``config.speakers``, and why some are left out.

    Raises UserError where no corpus has such speakers.
    """
    data = SpeechDataset(corpora, None, merge_facts([corpus.facts for corpus in corpora]))
    everybody = sorted(frozenset[str]().union(*(corpus.rows.speakers for corpus in corpora)))
    asked = config.speakers
    if isinstance(asked, ListConfig):
        speakers = [str(name) for name in asked]
    elif asked == "unseen":
        trained = frozenset[str]().union(*(run.require_facts().speakers for run in runs))
        speakers = [name for name in everybody if name not in trained]
        if not speakers:
            raise UserError(
                "speakers=unseen: the run was trained with every speaker of the corpus; leave some "
                "out of a training with data.unseen_speakers, or give data= of other speakers"
            )
    else:
        speakers = [str(asked)]
    if unknown := [name for name in speakers if name not in everybody]:
        renamed = ""
        if any(unknown[0] in run.require_facts().speakers for run in runs):
            renamed = (
                f". The voice has a speaker {unknown[0]}, whom the corpus calls otherwise: give "
                f"the corpus that name, data.speaker={unknown[0]}"
            )
        raise UserError(
            f"speakers={unknown[0]}: choose from known, unseen, {listed(everybody)}{renamed}"
        )
    plans, problems = plan_cloning(
        data, speakers, config.utterances, config.reference_seconds, config.seed
    )
    if not plans:
        raise UserError(f"speakers={asked}: {problems[0]}")
    return CloningMaterial(data, plans, config.reference_seconds), problems
