"""Autoregressive family: training, resume, alarm, speaking, export."""

import logging
import signal
from pathlib import Path

import numpy as np
import pytest
from fakes import compose_train, composed, fake_overrides
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.test_train import assert_equal_to_the_bit, state
from tts.export.voice import export_voice
from tts.synthesizer import Synthesizer
from tts.training.run import train

FAMILY = ("model=autoregressive", "model/size=tiny")


def on_fakes(folder: Path, *more: str) -> list[str]:
    given = [o for o in fake_overrides(folder) if not o.startswith("model=")]
    return [
        *given, *FAMILY, "trainer.max_steps=6", "trainer.val_check_interval=3",
        "callbacks.free_running.count=1", "model.scheduled_sampling=0.3", *more,
    ]  # fmt: skip


def test_a_run_cut_and_resumed_equals_an_uncut_one(tmp_path: Path) -> None:
    uncut, cut = tmp_path / "uncut", tmp_path / "cut"
    train(compose_train(*on_fakes(uncut)))
    stop = ("+callbacks.signal._target_=fakes.SendSignal", "+callbacks.signal.at=4")
    with pytest.raises(SystemExit) as ended:
        train(compose_train(*on_fakes(cut, *stop)))
    assert ended.value.code == 128 + signal.SIGTERM
    overrides = (f"resume='{cut}'", f"run_dir='{cut}'", "+callbacks.signal=null")
    train(compose_train("data=fake", *FAMILY, *overrides), overrides)
    assert_equal_to_the_bit(state(cut), state(uncut))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("autoregressive")
    caught: list[str] = []

    class Catch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            caught.append(record.getMessage())

    handler = Catch()
    logging.getLogger().addHandler(handler)
    overrides = [
        *FAMILY, "trainer=cpu", "trainer.precision=32-true", "data.limit=24", "data.workers=0",
        f"data.prepared_dir={base}/prepared", "data.frames_per_batch=1500", f"run_dir={base}/run",
        "callbacks.validation_metrics=null", "callbacks.samples.count=1",
        "callbacks.samples.vocoder._target_=tts.vocoders.griffin_lim.GriffinLim",
        "callbacks.free_running.count=2", "callbacks.alignment_alarm.diagonality=1.0",
        "callbacks.alignment_alarm.from_step=2", "model.max_length=1.5",
        "callbacks.metric_history=null",
        "trainer.val_check_interval=1", "trainer.log_every_n_steps=1", "trainer.max_steps=2",
    ]  # fmt: skip
    train(composed("train", *overrides))
    logging.getLogger().removeHandler(handler)
    (base / "run" / "caught.txt").write_text("\n".join(caught))
    return base / "run"


def test_a_training_logs_how_the_text_is_read_and_draws_it(run: Path) -> None:
    events = EventAccumulator(str(next(run.rglob("events*")).parent), {"images": 0}).Reload()
    scalars, images = events.Tags()["scalars"], events.Tags()["images"]
    for name in ("stop_accuracy", "diagonality", "coverage", "skips", "repeats"):
        assert {f"train/{name}", f"val/{name}"} <= set(scalars)
    for name in ("diagonality", "coverage", "skips", "repeats", "failures"):
        assert f"val/spoken_{name}" in scalars
    assert any(tag.startswith("alignment/") for tag in images)
    assert any(tag.startswith("mel/") for tag in images)
    assert "spoken_alignment" in images


def test_the_alarm_warns_once_with_a_picture(run: Path) -> None:
    warnings = [line for line in (run / "caught.txt").read_text().splitlines() if "diagonality" in
                line and "below 1" in line]  # fmt: skip
    assert len(warnings) == 1
    assert warnings[0].startswith("step 2:")
    assert (run / "alignment" / "step-2.png").stat().st_size > 5000


def test_a_run_speaks_and_so_does_its_voice(run: Path, tmp_path: Path) -> None:
    voice = Synthesizer.load(run)
    [sentence] = voice.sentences("Good morning.")
    assert sentence.durations is not None
    assert int(sentence.durations.sum()) == len(sentence.features)
    assert len(sentence.durations) == len(sentence.phonemes)
    again = voice.speak("Good morning.").waveform
    assert np.array_equal(again, voice.speak("Good morning.").waveform)
    streamed = np.concatenate(list(voice.stream("Good morning.")))
    assert np.isfinite(streamed).all()
    assert len(streamed) > 0.3 * voice.sample_rate  # in forced order to the end of the text
    export_voice(composed("export", f"run={run}", f"out={tmp_path / 'voice'}"))
    same = Synthesizer.load(tmp_path / "voice").speak("Good morning.").waveform
    assert np.array_equal(again, same)
