"""Checks of an adaptation: what cannot succeed ends before the training, in one line."""

import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import FACTS, FakeModel, composed
from omegaconf import OmegaConf

from tts.checkpoint import VOICE, load_run
from tts.corpus import CorpusFacts
from tts.data.data_settings import DataSettings
from tts.errors import UserError
from tts.models.acoustic import CorpusKeys
from tts.project_files import VOICES
from tts.training.adapt import SOMETIMES_ABSENT, trained_parts
from tts.training.adaptation_checks import (
    RECIPE,
    require_corpus,
    require_place,
    require_same_recipe,
    require_suitable,
)
from tts.training.run_folder import CONFIG


class SpeakerTableModel(FakeModel):
    def corpus_keys(self) -> CorpusKeys:
        return CorpusKeys(speakers=("embed.weight",))


def test_an_unknown_part_is_an_error_and_every_part_of_the_recipe_is_known() -> None:
    model = load_run(VOICES / "kathleen").build()
    recipe = list(composed("adapt", "out=/nowhere").freeze)
    assert set(recipe) >= SOMETIMES_ABSENT
    trained = trained_parts(model, recipe)
    assert trained is not None
    for part in trained:
        assert part not in trained_parts(model, [*recipe, part])  # type: ignore[operator]
    with pytest.raises(UserError, match=r"no part bogus; choose from .*encoder.*decoder"):
        trained_parts(model, [*recipe, "bogus"])


def test_a_place_that_is_no_voice_is_refused_and_stays_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = load_run(VOICES / "kathleen")
    file, other, voice, empty = (tmp_path / name for name in ("file", "other", "voice", "empty"))
    file.write_text("kept")
    for folder in (other, voice, empty):
        folder.mkdir()
    (other / "notes.txt").write_text("kept")
    (voice / VOICE).write_text("{}")
    with pytest.raises(UserError, match=r"out=.*file is a file"):
        require_place(file, run, "voices/kathleen")
    with pytest.raises(UserError, match=r"out=.*other is a folder with other files than a voice"):
        require_place(other, run, "voices/kathleen")
    assert file.read_text() == (other / "notes.txt").read_text() == "kept"
    caplog.set_level(logging.INFO)
    for place in (empty, tmp_path / "new"):
        require_place(place, run, "voices/kathleen")
        assert not caplog.messages
    require_place(voice, run, "voices/kathleen")
    assert [message for message in caplog.messages if "moved" in message] == caplog.messages
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(
    ("overrides", "complete"),
    [
        ([], False),
        (["data.corpora=[{speaker: a}]"], False),
        (["data.corpora=[{root: /a}]"], True),
        (["data.root=/a"], True),
        (["data=demo"], True),
    ],
)
def test_nothing_is_downloaded_to_adapt_to(overrides: list[str], complete: bool) -> None:
    data = composed("adapt", "out=/nowhere", *overrides).data
    if complete:
        require_corpus(data)
    else:
        with pytest.raises(UserError, match=r"data\.root: not given"):
            require_corpus(data)


@pytest.mark.parametrize("name", RECIPE)
def test_a_resumed_adaptation_keeps_its_recipe(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, training = OmegaConf.create(), OmegaConf.create({"run_dir": str(tmp_path), "resume": "r"})
    for config, number in ((own, 1), (training, 2)):
        for key in RECIPE.values():
            OmegaConf.update(config, key, number)
    OmegaConf.update(own, "optimizer.lr", 2 if name != "lr" else 1)
    require_same_recipe(training, [f"{name}=2"])  # killed before it had a config
    (tmp_path / CONFIG).touch()
    monkeypatch.setattr("tts.training.adaptation_checks.read_config", lambda _: own)
    with pytest.raises(UserError, match=f"^{name}: cannot be changed with resume=r"):
        require_same_recipe(training, [f"{name}=2", "trainer.max_steps=2"])
    require_same_recipe(training, ["trainer.max_steps=2", "data.workers=1"])
    OmegaConf.update(own, RECIPE[name], 2)
    require_same_recipe(training, [f"{name}=2"])  # repeated


def suitable(
    facts: CorpusFacts = FACTS,
    known: CorpusFacts = FACTS,
    model: type[FakeModel] = SpeakerTableModel,
    validation: int = 1,
    phonemizer: str = "tts.text.phonemes.EspeakPhonemizer",
) -> None:
    parts = {"train": range(3), "validation": range(validation)}
    frontend = SimpleNamespace(to_dict=lambda: {"phonemizer": phonemizer})
    data: Any = SimpleNamespace(
        facts=facts, frontend=frontend, dataset=parts.__getitem__, settings=DataSettings()
    )
    theirs = {"phonemizer": "tts.text.phonemes.EspeakPhonemizer"}
    run: Any = SimpleNamespace(require_facts=lambda: known, frontend=theirs)
    require_suitable(data, run, model(known), "voices/x")


def one_speaker(facts: CorpusFacts) -> CorpusFacts:
    return replace(facts, speakers=("cy",), statistics=facts.statistics[:1], speaker_languages=(0,))


def test_several_speakers_need_a_voice_that_tells_them_apart() -> None:
    alone = one_speaker(FACTS)
    suitable()
    suitable(facts=alone, known=alone)
    suitable(facts=alone, model=FakeModel)
    with pytest.raises(UserError, match=r"voices/x.* average ann, bob.*unseen_speakers=\[bob\]"):
        suitable(known=alone)  # a table of one speaker
    with pytest.raises(UserError, match=r"voices/x.* average ann, bob"):
        suitable(model=FakeModel)  # without a table


def test_without_validation_texts_nothing_is_trained() -> None:
    with pytest.raises(UserError, match=r"of 3 utterances none .*data\.prepare\.validation_share"):
        suitable(validation=0)


def test_other_symbols_name_the_run_and_the_front_end_to_choose() -> None:
    other = replace(FACTS, symbols=(*FACTS.symbols, "e"))
    with pytest.raises(UserError, match=r"^run=voices/x: .*choose frontend=espeak$"):
        suitable(facts=other, phonemizer="tts.text.characters.Characters")
    with pytest.raises(UserError, match=r"^run=voices/x: its symbols were learned"):
        suitable(facts=other)
