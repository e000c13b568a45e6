"""Adaptation of a voice: its training has the voice's model and mel, and trains what it should."""

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fakes import composed
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from tts.checkpoint import load_run
from tts.errors import UserError
from tts.project_files import CONF, VOICES
from tts.training.adapt import adapt, trained_parts, training_config


def adapted(*overrides: str) -> Any:
    run = load_run(VOICES / "kathleen")
    words = ["out=/nowhere/me", "data.root=/nowhere", "run_dir=/nowhere/run", "logger=none"]
    config = composed("adapt", "run=voices/kathleen", *words, *overrides)
    GlobalHydra.instance().clear()
    with ExitStack() as stack:
        stack.enter_context(initialize_config_dir(str(CONF), version_base="1.3"))
        return training_config(config, run, run.build())


def test_the_training_has_the_model_of_the_voice_and_the_recipe() -> None:
    training = adapted("lr=1e-4")
    voice = load_run(VOICES / "kathleen")
    assert training.model.postnet._target_ == voice.config["model"]["postnet"]["_target_"]
    assert training.model.loss.terms.keys() >= {"mel", "duration"}
    assert training.init_from == "voices/kathleen"
    assert training.data.speaker == "me"
    assert training.optimizer.lr == 1e-4
    assert training.monitor == training.callbacks.early_stopping.monitor == "val/mel"
    assert training.callbacks.early_stopping.patience == 3
    assert {"decoder", "style", "adaptor"} <= set(training.train_only)
    assert not {"encoder", "embed", "aligner"} & set(training.train_only)


def test_freezing_nothing_trains_all_and_freezing_all_is_an_error() -> None:
    model = load_run(VOICES / "kathleen").build()
    assert trained_parts(model, []) is None
    with pytest.raises(UserError, match="no part is left"):
        trained_parts(model, [name for name, _ in model.named_children()])


def test_what_cannot_be_adapted_is_one_clear_error(tmp_path: Path) -> None:
    words = [f"run_dir={tmp_path}", "data.root=/nowhere"]
    with pytest.raises(UserError, match="is a vocoder or a codec"):
        adapt(composed("adapt", "run=voices/vocos_small", f"out={tmp_path / 'a'}", *words))
    with pytest.raises(UserError, match="is the voice that is read"):
        adapt(composed("adapt", f"run={VOICES / 'lj'}", f"out={VOICES / 'lj'}", *words))


def test_corpora_that_name_no_speaker_are_not_joined_under_one_name() -> None:
    assert adapted("data.corpora=[{root: /a},{root: /b}]").data.speaker is None


def test_the_last_line_speaks_and_a_finished_adaptation_goes_on(
    tmp_path: Path,
    prepared: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    words = [
        "run=voices/kathleen", "data=demo", "~data.speakers.ben", "data.limit=6", "trainer=cpu",
        "logger=none", f"data.prepared_dir={prepared}", "data.prepare_workers=0",
        f"run_dir={tmp_path}/run",
    ]  # fmt: skip
    out = tmp_path / "me"

    def run(*overrides: str) -> str:
        config = composed("adapt", *words, f"out={out}", *overrides)
        GlobalHydra.instance().clear()
        monkeypatch.setattr("tts.training.adapt.task_overrides", lambda: list(overrides))
        with initialize_config_dir(str(CONF), version_base="1.3"):
            adapt(config)
        return caplog.messages[-1]

    first = run("trainer.max_steps=1")
    assert f"run={out} speaker=anna" in first
    assert load_run(out).require_facts().speakers == ("anna",)
    run("trainer.max_steps=2", f"resume={tmp_path}/run")
    assert f"done: 2 steps -> {tmp_path}/run" in caplog.messages
    assert load_run(out / "previous-1").step == 1
    with pytest.raises(UserError, match=r"^lr: cannot be changed"):
        run("lr=1e-3", f"resume={tmp_path}/run")
