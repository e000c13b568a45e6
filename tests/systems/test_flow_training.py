"""Flow-matching decoder and adaptor: training, resume, samples, distillation, evaluation."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from fakes import composed
from torch import Tensor

from tests.models.assemble import build
from tests.test_train import assert_equal_to_the_bit
from tts.checkpoint import load_checkpoint
from tts.errors import UserError
from tts.evaluation.run import evaluate
from tts.synthesis.run import synthesize
from tts.synthesizer import Synthesizer
from tts.training.freezing import train_only
from tts.training.run import train


def trained(folder: Path, base: Path, steps: int, *more: str, resume: bool = False) -> None:
    overrides = [
        "model/size=tiny", "model/flow=residual", "model/adaptor=flow", "trainer=cpu",
        "trainer.precision=32-true", "data.limit=24", f"data.prepared_dir={base}/prepared",
        "data.workers=0", "data.frames_per_batch=1500", f"run_dir={folder}",
        "callbacks.validation_metrics=null", "callbacks.metric_history=null",
        "callbacks.samples.every_n_validations=2", "callbacks.samples.count=1",
        "callbacks.samples.solver_steps=[1,3]",
        "trainer.val_check_interval=1", "scheduler=constant",
        "callbacks.samples.vocoder._target_=tts.vocoders.griffin_lim.GriffinLim",
        f"trainer.max_steps={steps}", *more,
    ]  # fmt: skip
    given = (f"resume={folder}", f"trainer.max_steps={steps}") if resume else ()
    train(composed("train", *overrides, *given), given)


BUFFERS = ("model.flow.scale", "model.flow.seen")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    folder = tmp_path_factory.mktemp("flow")
    (folder / "prepared").symlink_to(prepared)
    return folder


@pytest.fixture(scope="module")
def run(base: Path) -> Path:
    alarm = ("callbacks.alignment_alarm.spread=1.0", "callbacks.alignment_alarm.from_step=2")
    trained(base / "run", base, 2, *alarm)
    return base / "run"


def weights(folder: Path) -> dict[str, Tensor]:
    return load_checkpoint(folder / "checkpoints/last.ckpt")["state_dict"]


def test_the_alarm_draws_an_alignment_that_is_not_spread_over_the_tokens(run: Path) -> None:
    [picture] = (run / "alignment").iterdir()
    assert picture.name == "step-2.png"


def test_a_resumed_run_equals_an_uninterrupted_one(run: Path, base: Path, tmp_path: Path) -> None:
    trained(tmp_path / "cut", base, 1, "callbacks.samples=null")
    trained(tmp_path / "cut", base, 2, "callbacks.samples=null", resume=True)
    resumed = weights(tmp_path / "cut")
    for name, value in weights(run).items():
        assert torch.equal(value, resumed[name]), name


def test_tensorboard_has_a_sample_for_every_number_of_steps(run: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run))
    events.Reload()
    tags = events.Tags()
    assert {"val/mel_flow", "val/prosody_flow"} <= set(tags["scalars"])
    assert "global_variance" in tags["images"]
    samples = {tag.rsplit("/", 1)[1] for tag in tags["audio"]}
    assert samples == {
        "recording", "synthesized", "synthesized, 1 solver steps", "synthesized, 3 solver steps",
    }  # fmt: skip


def test_synthesis_follows_its_controls(run: Path, tmp_path: Path) -> None:
    voice = Synthesizer.load(run)

    def waveform(**controls: object) -> np.ndarray:
        return voice.speak("Hello there.", prosody_temperature=0.0, **controls).waveform  # type: ignore[arg-type]

    assert np.array_equal(waveform(temperature=0.0), waveform(temperature=0.0))
    assert np.array_equal(waveform(seed=1), waveform(seed=1))
    assert not np.array_equal(waveform(seed=1), waveform(seed=2))
    controls = ("steps=2", "solver=midpoint", "temperature=0.5", "guidance=1")
    config = composed("synthesize", f"run={run}", "text=Hello.", f"out={tmp_path}/x.wav", *controls)
    assert synthesize(config)[0].stat().st_size > 1000
    config.steps = 0
    with pytest.raises(UserError, match="steps=0: expected a whole number from 1 to 1000"):
        synthesize(config)


def test_distillation_trains_the_velocity_network_only(
    run: Path, base: Path, tmp_path: Path
) -> None:
    teacher = run / "checkpoints/last.ckpt"
    trained(tmp_path / "student", base, 1, f"distill_from={teacher}", "distill_steps=2",
            "callbacks.samples=null")  # fmt: skip
    before, student = weights(run), weights(tmp_path / "student")
    assert student.keys() == before.keys()
    for name, value in student.items():
        trainable = name.startswith("model.flow.") and name not in BUFFERS
        assert torch.equal(value, before[name]) != trainable, name
    trained(tmp_path / "student", base, 2, resume=True)
    with pytest.raises(UserError, match="its velocity network alone"):
        trained(tmp_path / "x", base, 1, f"distill_from={run}", "size.decoder_depth=1",
                "callbacks.samples=null")  # fmt: skip
    with pytest.raises(UserError, match="this model has no flow-matching decoder"):
        trained(tmp_path / "x", base, 1, f"distill_from={run}", "model/flow=none",
                "callbacks.samples=null", "monitor=val/mel")  # fmt: skip


def test_train_only_keeps_the_other_weights(run: Path, base: Path, tmp_path: Path) -> None:
    def train_parts(folder: str, steps: int, **options: bool) -> dict[str, torch.Tensor]:
        trained(tmp_path / folder, base, steps, "train_only=[flow,adaptor.flow]",
                f"init_from={run}", "callbacks.samples=null", **options)  # fmt: skip
        return weights(tmp_path / folder)

    first, later = train_parts("run", 1), train_parts("run", 4, resume=True)
    for name, value in later.items():
        trainable = name.startswith(("model.flow.", "model.adaptor.flow."))
        assert torch.equal(value, first[name]) != trainable, name
    wrong = {"flaw": "no part 'flaw'; choose from .*encoder", "x.y": "no part", "''": "no part",
             "adaptor.normalize": "has no parameters", "": "that is not empty"}  # fmt: skip
    for part, message in wrong.items():
        with pytest.raises(UserError, match=message):
            trained(tmp_path / "x", base, 1, f"train_only=[{part}]", f"init_from={run}",
                    "callbacks.samples=null")  # fmt: skip


def test_train_only_needs_trained_weights(base: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the frozen parts are untrained; add init_from=RUN"):
        trained(tmp_path / "x", base, 1, "train_only=flow", "callbacks.samples=null")


def test_frozen_parts_are_in_evaluation_mode() -> None:
    model, _ = build("model/flow=residual")
    train_only(model, ["flow"])
    assert model.flow.training
    assert model.flow.velocity_net.training
    assert not any(m.training for n, m in model.named_modules() if not n.startswith("flow"))


def test_evaluation_compares_numbers_of_solver_steps(run: Path, tmp_path: Path) -> None:
    slow = (
        "wer",
        "cer",
        "dnsmos_p808",
        "dnsmos_ovrl",
        "plcmos",
        "similarity",
        "whisper",
        "distillmos",
    )
    light = [f"metrics.{name}=null" for name in slow]
    config = composed("evaluate", f"run={run}", "utterances=1", "workers=1", "steps=[1,2]",
                      f"out={tmp_path}", *light)  # fmt: skip
    evaluate(config)
    result = json.loads((tmp_path / "report.json").read_text())
    runs = ["run, 1 step", "run, 2 steps"]
    assert list(result["systems"]) == ["recordings", "copy synthesis", *runs]
    assert all(result["models"][name]["parameters_millions"] > 1 for name in runs)
    one, two = (result["systems"][name]["mcd"][0] for name in runs)
    assert one != two


def test_every_stateful_part_resumes_exactly_in_bf16(base: Path, tmp_path: Path) -> None:
    """EMA, plateau, percentile clipping, uncertainty, bf16 and a data worker."""
    many = ("model/flow=none", "model/balance=uncertainty", "trainer.precision=bf16-mixed",
            "callbacks=[default,ema,plateau,gradient_monitor,gradient_clipping_percentile]",
            "data.workers=1", "size.encoder_depth=1", "size.decoder_depth=1",
            "callbacks.samples=null", "callbacks.validation_metrics=null",
            "callbacks.plateau.warmup_steps=0",
            "callbacks.plateau.window_steps=8", "callbacks.plateau.points=8", "monitor=val/mel",
            "trainer.log_every_n_steps=1")  # fmt: skip
    trained(tmp_path / "uncut", base, 4, *many)
    trained(tmp_path / "resumed", base, 2, *many)
    trained(tmp_path / "resumed", base, 4, *many, resume=True)
    uncut, resumed = (
        load_checkpoint(tmp_path / f"{n}/checkpoints/last.ckpt") for n in ("uncut", "resumed")
    )
    for key in ("state_dict", "optimizer_states", "lr_schedulers", "SpeechDataModule"):
        assert_equal_to_the_bit(resumed[key], uncut[key], key)
    assert resumed["callbacks"].keys() == uncut["callbacks"].keys()
    for name in resumed["callbacks"]:
        # clocks, and the number of validations, of which a cut run has one more
        if not name.startswith(("Throughput", "ValidationMetrics", "StyleSamples")):
            assert_equal_to_the_bit(resumed["callbacks"][name], uncut["callbacks"][name], name)
