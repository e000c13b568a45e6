"""A model that draws its mels and its prosody: trained, resumed, shown, spoken and compared."""

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
from tts.cli.synthesize import synthesize
from tts.errors import UserError
from tts.evaluation.run import evaluate
from tts.synthesizer import Synthesizer
from tts.training.freezing import train_only
from tts.training.run import train


def trained(folder: Path, base: Path, steps: int, *more: str, resume: bool = False) -> None:
    overrides = [
        "model/size=tiny", "model/flow=residual", "model/adaptor=flow", "trainer=cpu",
        "trainer.precision=32-true", "data.limit=24", f"data.prepared_dir={base}/prepared",
        "data.workers=0", "data.frames_per_batch=1500", f"run_dir={folder}", "callbacks.validation_metrics=null",
        "callbacks.samples.every_n_validations=2", "callbacks.samples.count=1",
        "callbacks.samples.solver_steps=[1,3]", "trainer.val_check_interval=1", "scheduler=constant",
        "callbacks.samples.vocoder._target_=tts.vocoders.griffin_lim.GriffinLim",
        f"trainer.max_steps={steps}", *more,
    ]  # fmt: skip
    given = (f"resume={folder}", f"trainer.max_steps={steps}") if resume else ()
    train(composed("train", *overrides, *given), given)


BUFFERS = ("model.flow.scale", "model.flow.seen")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flow")


@pytest.fixture(scope="module")
def run(base: Path) -> Path:
    trained(base / "run", base, 2)
    return base / "run"


def weights(folder: Path) -> dict[str, Tensor]:
    return load_checkpoint(folder / "checkpoints/last.ckpt")["state_dict"]


def test_resuming_draws_what_would_have_been_drawn(run: Path, base: Path, tmp_path: Path) -> None:
    trained(tmp_path / "cut", base, 1, "callbacks.samples=null")
    trained(tmp_path / "cut", base, 2, "callbacks.samples=null", resume=True)
    resumed = weights(tmp_path / "cut")
    for name, value in weights(run).items():
        assert torch.equal(value, resumed[name]), name


def test_tensorboard_plays_every_number_of_steps(run: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run))
    events.Reload()
    tags = events.Tags()
    assert {"val/mel_flow", "val/prosody_flow"} <= set(tags["scalars"])
    assert "global_variance" in tags["images"]
    played = {tag.rsplit("/", 1)[1] for tag in tags["audio"]}
    assert played == {
        "recording", "synthesized", "synthesized, 1 solver steps", "synthesized, 3 solver steps",
    }  # fmt: skip


def test_it_speaks_as_it_is_asked_to(run: Path, tmp_path: Path) -> None:
    voice = Synthesizer.load(run)

    def said(**asked: object) -> np.ndarray:
        return voice.speak("Hello there.", prosody_temperature=0.0, **asked).waveform  # type: ignore[arg-type]

    assert np.array_equal(said(temperature=0.0), said(temperature=0.0))
    assert np.array_equal(said(seed=1), said(seed=1))
    assert not np.array_equal(said(seed=1), said(seed=2))
    asked = ("steps=2", "solver=midpoint", "temperature=0.5", "guidance=1")
    config = composed("synthesize", f"run={run}", "text=Hello.", f"out={tmp_path}/x.wav", *asked)
    assert synthesize(config)[0].stat().st_size > 1000
    config.steps = 0
    with pytest.raises(UserError, match="steps=0 must be a whole number above 0"):
        synthesize(config)


def test_a_student_changes_its_field_alone(run: Path, base: Path, tmp_path: Path) -> None:
    teacher = run / "checkpoints/last.ckpt"
    trained(tmp_path / "student", base, 1, f"distill_from={teacher}", "distill_steps=2",
            "callbacks.samples=null")  # fmt: skip
    taught, student = weights(run), weights(tmp_path / "student")
    assert student.keys() == taught.keys()
    for name, value in student.items():
        trainable = name.startswith("model.flow.") and name not in BUFFERS
        assert torch.equal(value, taught[name]) != trainable, name
    trained(tmp_path / "student", base, 2, resume=True)
    with pytest.raises(UserError, match="its velocity network alone"):
        trained(tmp_path / "x", base, 1, f"distill_from={run}", "size.decoder_depth=1",
                "callbacks.samples=null")  # fmt: skip
    with pytest.raises(UserError, match="this model draws nothing"):
        trained(tmp_path / "x", base, 1, f"distill_from={run}", "model/decoder=mamba_conv",
                "callbacks.samples=null", "monitor=val/mel")  # fmt: skip


def test_parts_may_keep_their_weights(run: Path, base: Path, tmp_path: Path) -> None:
    def now(folder: str, steps: int, **how: bool) -> dict[str, torch.Tensor]:
        trained(tmp_path / folder, base, steps, "train_only=[flow,adaptor.flow]",
                f"init_from={run}", "callbacks.samples=null", **how)  # fmt: skip
        return weights(tmp_path / folder)

    first, later = now("run", 1), now("run", 4, resume=True)
    for name, value in later.items():
        trainable = name.startswith(("model.flow.", "model.adaptor.flow."))
        assert torch.equal(value, first[name]) != trainable, name
    wrong = {"flaw": "no part 'flaw'; there are .*encoder", "x.y": "no part", "''": "no part",
             "adaptor.normalize": "nothing to train", "": "nothing is left"}  # fmt: skip
    for part, why in wrong.items():
        with pytest.raises(UserError, match=why):
            trained(
                tmp_path / "x",
                base,
                1,
                f"train_only=[{part}]",
                f"init_from={run}",
                "callbacks.samples=null",
            )


def test_what_was_never_learned_is_not_kept(base: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="learned nothing yet; add init_from=RUN"):
        trained(tmp_path / "x", base, 1, "train_only=flow", "callbacks.samples=null")


def test_what_is_frozen_drops_nothing_out() -> None:
    model, _ = build("model/flow=residual")
    train_only(model, ["flow"])
    assert model.flow.training
    assert model.flow.velocity_net.training
    assert not any(m.training for n, m in model.named_modules() if not n.startswith("flow"))


def test_numbers_of_steps_stand_beside_each_other(run: Path, tmp_path: Path) -> None:
    slow = ("wer", "cer", "dnsmos_p808", "dnsmos_ovrl", "plcmos", "similarity", "whisper")
    light = [f"metrics.{name}=null" for name in slow]
    config = composed("evaluate", f"run={run}", "utterances=1", "workers=1", "steps=[1,2]",
                      f"out={tmp_path}", *light)  # fmt: skip
    evaluate(config)
    result = json.loads((tmp_path / "report.json").read_text())
    ours = ["run, 1 step", "run, 2 steps"]
    assert list(result["systems"]) == ["recordings", "copy synthesis", *ours]
    assert all(result["models"][name]["parameters_millions"] > 1 for name in ours)
    one, two = (result["systems"][name]["mcd"][0] for name in ours)
    assert one != two


def test_what_remembers_resumes_exactly_in_sixteen_bits(base: Path, tmp_path: Path) -> None:
    """Averages, plateau, clipping's history, uncertainties, curves; half precision, a reader."""
    many = ("model/decoder=mamba_conv", "model/balance=uncertainty", "trainer.precision=bf16-mixed",
            "callbacks=[default,ema,plateau,gradient_monitor,gradient_clipping_percentile]", "data.workers=1",
            "callbacks.samples=null", "callbacks.validation_metrics=null", "callbacks.plateau.warmup_steps=0",
            "callbacks.plateau.window_steps=8", "callbacks.plateau.points=8", "monitor=val/mel",
            "trainer.log_every_n_steps=1")  # fmt: skip
    trained(tmp_path / "whole", base, 4, *many)
    trained(tmp_path / "cut", base, 2, *many)
    trained(tmp_path / "cut", base, 4, *many, resume=True)
    whole, cut = (
        load_checkpoint(tmp_path / f"{n}/checkpoints/last.ckpt") for n in ("whole", "cut")
    )
    for key in ("state_dict", "optimizer_states", "lr_schedulers", "SpeechDataModule"):
        assert_equal_to_the_bit(cut[key], whole[key], key)
    assert cut["callbacks"].keys() == whole["callbacks"].keys()
    for name in cut["callbacks"]:
        if not name.startswith(("MetricHistory", "Throughput", "ValidationMetrics")):  # clocks
            assert_equal_to_the_bit(cut["callbacks"][name], whole["callbacks"][name], name)
