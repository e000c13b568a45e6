"""Vocoder training: which weights each step updates, accumulation, bandwidth, exact resume."""

from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from fakes import composed
from hydra.utils import instantiate
from processes import ranks
from torch import Tensor
from torch.utils.data import DataLoader

from tts.audio.mel import mel_spectrogram
from tts.batch import Clips
from tts.checkpoint import load_checkpoint, load_run
from tts.contract import MelContract
from tts.discriminators.period import MultiPeriodDiscriminator
from tts.errors import UserError
from tts.losses.adversarial import FeatureMatching, LSGANLoss
from tts.losses.waveform import AmplitudeLoss, PhaseLoss, WaveMelLoss
from tts.losses.weighted import WeightedLoss
from tts.optim.optimization import Optimization
from tts.optim.schedules import constant
from tts.synthesizer import Synthesizer
from tts.systems.vocoder import VocoderSystem
from tts.training.run import train
from tts.training.teacher_forced_mels import use_teacher_forced_mels
from tts.vocoders.hifigan import HiFiGAN
from tts.vocoders.load import load_vocoder
from tts.vocoders.vocos import Vocos

CONTRACT = MelContract(bands=20)
PERIODS = partial(MultiPeriodDiscriminator, width=0.01, periods=(2, 3))
OPTIMIZATION = Optimization(
    partial(torch.optim.AdamW, lr=1e-2),
    lambda optimizer, total_steps: constant(optimizer, total_steps, 0),
)


def clips(seed: int, size: int = 2) -> Clips:
    generator = torch.Generator().manual_seed(seed)
    audio = torch.randn(size, 16 * 256, generator=generator) * 0.1
    lengths = torch.full((size,), 16)
    return Clips(mel_spectrogram(audio, CONTRACT), audio, lengths, torch.arange(size))


def make_system(**changes: Any) -> VocoderSystem:
    torch.manual_seed(1)
    generator = HiFiGAN(CONTRACT, channels=16, rates=(8, 8, 4), up_kernels=(16, 16, 8),
                        kernels=(3,), dilations=((1,),), paired=False)  # fmt: skip
    terms = {
        "mel": WaveMelLoss(22050, (1024,), (100,)),
        "adversarial": LSGANLoss(average=False),
        "feature_matching": FeatureMatching(average=False),
    }
    loss = WeightedLoss(terms, dict.fromkeys(terms, 1.0))
    settings = {
        "optimization": OPTIMIZATION, "discriminators": {"period": PERIODS},
        "adversarial_from_step": 0, "averaging": 0.999, **changes,
    }  # fmt: skip
    return VocoderSystem(generator, loss, **settings)


class UpdateRecorder(pl.Callback):
    """Records which part's weights each optimizer step changed, in order."""

    def __init__(self) -> None:
        self.updated: list[str] = []
        self._before: dict[str, list[Tensor]] = {}

    def _weights(self, system: VocoderSystem) -> dict[str, list[Tensor]]:
        parts = {"generator": system.model, "discriminators": system.discriminators}
        return {
            name: [p.detach().clone() for p in part.parameters()]
            for name, part in parts.items()
            if part is not None
        }

    def on_before_optimizer_step(self, trainer: Any, system: Any, optimizer: Any) -> None:
        self._compare(system)

    def on_train_batch_end(self, trainer: Any, system: Any, *rest: Any) -> None:
        self._compare(system)
        self._before = {}

    def _compare(self, system: VocoderSystem) -> None:
        now = self._weights(system)
        for name, before in self._before.items():
            if any(not torch.equal(a, b) for a, b in zip(before, now[name], strict=True)):
                self.updated.append(name)
        self._before = now


def fit(system: VocoderSystem, steps: int, batches: int = 4, **settings: Any) -> pl.Trainer:
    data = DataLoader([clips(seed) for seed in range(batches)], batch_size=None)  # type: ignore[arg-type]
    trainer = pl.Trainer(
        accelerator="cpu", max_steps=steps, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, **settings,
    )  # fmt: skip
    trainer.fit(system, data)
    return trainer


def test_each_optimizer_updates_its_own_weights_and_only_the_generators_steps_count() -> None:
    recorder = UpdateRecorder()
    trainer = fit(make_system(), 3, callbacks=[recorder])
    assert recorder.updated == ["discriminators", "generator"] * 3
    assert trainer.global_step == 3


def test_discriminators_start_at_adversarial_from_step() -> None:
    recorder = UpdateRecorder()
    fit(make_system(adversarial_from_step=2), 3, callbacks=[recorder])
    assert recorder.updated == ["generator", "generator", "discriminators", "generator"]


def test_without_discriminators_there_is_one_optimizer() -> None:
    system = make_system(discriminators=None)
    trainer = fit(system, 2)
    assert system.discriminators is None
    assert len(trainer.optimizers) == 1


def test_two_accumulated_halves_equal_one_batch() -> None:
    def after(accumulate: int) -> dict[str, Tensor]:
        batch = clips(7, size=4)
        size = 4 // accumulate
        parts = [Clips(*(v if v is None else v[i : i + size] for v in batch))
                 for i in range(0, 4, size)]  # fmt: skip
        optimization = OPTIMIZATION._replace(accumulate=accumulate)
        system = make_system(optimization=optimization, averaging=0)
        trainer = pl.Trainer(
            accelerator="cpu", max_steps=1, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        trainer.fit(system, DataLoader(parts, batch_size=None))  # type: ignore[arg-type]
        return {k: p.grad if p.grad is not None else p.detach() for k, p in
                system.named_parameters()}  # fmt: skip

    one, two = after(1), after(2)
    moved = 0
    start = dict(make_system(averaging=0).named_parameters())
    for name, value in one.items():
        # Adam's first step is the gradient's sign, which rounding may flip near zero
        same = torch.isclose(value, two[name], atol=1e-4).float().mean()
        assert same > 0.98, name
        moved += not torch.equal(value, start[name].detach())
    assert moved > 10


def test_the_gradient_norm_is_clipped() -> None:
    system = make_system(optimization=OPTIMIZATION._replace(clip=0.01))
    clip, norms = system.on_before_optimizer_step, []

    def clip_and_record(optimizer: torch.optim.Optimizer) -> None:
        clip(optimizer)
        grads = [p.grad for g in optimizer.param_groups for p in g["params"] if p.grad is not None]
        norms.append(float(torch.stack([g.norm() for g in grads]).norm()))

    system.on_before_optimizer_step = clip_and_record  # type: ignore[method-assign]
    fit(system, 2)
    assert len(norms) == 4
    assert max(norms) == pytest.approx(0.01, rel=1e-3)


def test_the_average_differs_from_the_weights() -> None:
    system = make_system(averaging=0.9)
    fit(system, 4)
    assert system.average is not None
    assert system.generator is system.average.module
    weight = next(system.model.parameters())
    averaged = next(system.average.module.parameters())
    assert not torch.equal(weight, averaged)


def test_losses_ignore_what_lies_above_a_clips_bandwidth() -> None:
    system = make_system()
    batch = clips(3)._replace(bandwidth=torch.tensor([4000.0, 11025.0]))
    limit = system._band_limit(batch)
    assert limit is not None
    high = torch.sin(2 * torch.pi * 6000 / 22050 * torch.arange(16 * 256))[None].repeat(2, 1)
    quiet, loud = limit(high)[:, 1000:-1000].abs().amax(1)
    assert quiet < 0.05 < 0.9 < loud
    assert system._band_limit(clips(3)) is None
    assert system._band_limit(batch._replace(bandwidth=None)) is None
    torch.manual_seed(1)
    vocos = Vocos(CONTRACT, 16, 32, 2)
    terms = {"amplitude": AmplitudeLoss(), "phase": PhaseLoss()}
    loss = WeightedLoss(terms, {"amplitude": 1.0, "phase": 1.0})
    sgd = OPTIMIZATION._replace(optimizer=partial(torch.optim.SGD, lr=1.0))
    spectral = VocoderSystem(vocos, loss, sgd, None, 0, 0.999)
    data = DataLoader([batch._replace(bandwidth=torch.full((2,), 4000.0))], batch_size=None)  # type: ignore[arg-type]
    before = vocos.spectrum.weight.detach().clone()
    trainer = pl.Trainer(accelerator="cpu", max_steps=1, logger=False, enable_checkpointing=False,
                         enable_progress_bar=False, enable_model_summary=False)  # fmt: skip
    trainer.fit(spectral, data)
    moved = (vocos.spectrum.weight - before).abs().amax(1)
    hertz = torch.linspace(0, 11025, 513).repeat(2)
    assert (moved[hertz > 4100] == 0).all()
    assert (moved[hertz < 3900] > 0).any()


def run(folder: Path, prepared: Path, *more: str, model: str = "vocos") -> dict[str, float]:
    overrides = [
        f"model={model}", "model/size=tiny", "trainer=cpu", "trainer.precision=32-true",
        "data.limit=24", f"data.prepared_dir={prepared}", "data.workers=0", "data.clips.frames=16",
        "data.clips.per_batch=4", "data.clips.validation_clips=2", "trainer.val_check_interval=3",
        "scheduler.warmup_steps=2", "logger=none", f"run_dir={folder}",
        "system.adversarial_from_step=2", "callbacks.metric_history=null", *more,
    ]  # fmt: skip
    return train(composed("train", *overrides), overrides)


@pytest.mark.parametrize(
    ("model", "head", "weight"),
    [
        ("vocos", "model.head=spectrum", "spectrum.weight"),
        ("vocos", "model.head=samples", "samples.samples.weight"),
        ("harmonic_vocos", "model.refinements=1", "source.classes.weight"),
    ],
)
def test_a_run_resumes_exactly_with_both_optimizers_and_the_average(
    tmp_path: Path, prepared: Path, model: str, head: str, weight: str
) -> None:
    folder, more = tmp_path / "resumed", (head, "scheduler=constant")
    run(tmp_path / "uncut", prepared, "trainer.max_steps=6", *more, model=model)
    run(folder, prepared, "trainer.max_steps=3", *more, model=model)
    overrides = [f"resume={folder}", "trainer.max_steps=6", f"run_dir={folder}"]
    train(composed("train", *overrides), overrides)
    uncut, resumed = (
        load_checkpoint(tmp_path / name / "checkpoints/last.ckpt") for name in ("uncut", "resumed")
    )
    assert uncut["global_step"] == resumed["global_step"] == 6
    for name, value in uncut["state_dict"].items():
        assert torch.equal(value, resumed["state_dict"][name]), name
    states = zip(uncut["optimizer_states"], resumed["optimizer_states"], strict=True)
    for expected, found in states:
        for key, state in expected["state"].items():
            for field, value in state.items():
                assert torch.equal(value, found["state"][key][field]), (key, field)
    assert uncut["lr_schedulers"] == resumed["lr_schedulers"]
    # the vocoder that is loaded has the averaged weights
    checkpoint = folder / "checkpoints/last.ckpt"
    vocoder = load_vocoder(None, checkpoint, None)
    averaged = resumed["state_dict"][f"average.module.{weight}"]
    assert torch.equal(vocoder.state_dict()[weight], averaged)
    assert load_run(checkpoint).step == 6


def test_a_vocoder_trains_on_the_mels_of_an_acoustic_run(tmp_path: Path, prepared: Path) -> None:
    data = ["trainer=cpu", "trainer.precision=32-true", "data.limit=24", "data.workers=0",
            f"data.prepared_dir={prepared}", "logger=none", "trainer.max_steps=1"]  # fmt: skip
    acoustic = [
        *data,
        "model/size=tiny",
        f"run_dir={tmp_path}/acoustic",
        "callbacks.samples=null",
        "callbacks.validation_metrics=null",
        "callbacks.metric_history=null",
    ]
    train(composed("train", *acoustic), acoustic)
    path = str(tmp_path / "acoustic")
    run(tmp_path / "tuned", prepared, f"data.mel_from={path}", "trainer.max_steps=1")

    config = composed("train", "model=vocos", *data, f"data.mel_from={path}")
    module = instantiate(config.data, _convert_="all")
    original, _ = module.dataset("train").clip(0, 3, 20)
    use_teacher_forced_mels(module, path)
    forced, audio = module.dataset("train").clip(0, 3, 20)
    assert len(audio) == 20 * 256
    batch = module.dataset("train")[[0]]
    model = Synthesizer.load(path).model
    with torch.no_grad():
        expected = model(batch).mel[0, 3:23]
    assert torch.allclose(forced, expected, atol=0.05)
    assert not torch.allclose(forced, original, atol=0.5)
    with pytest.raises(UserError, match=r"data\.mel_from=.* is for training a vocoder"):
        train(composed("train", *acoustic, f"data.mel_from={path}"), acoustic)


def test_two_processes_train_with_discriminators(tmp_path: Path, prepared: Path) -> None:
    overrides = [
        "model=vocos", "model/size=tiny", "trainer=ddp_cpu", "trainer.precision=32-true",
        "data.limit=24", f"data.prepared_dir={prepared}", "data.workers=0",
        "data.clips.frames=16", "data.clips.per_batch=2", "data.clips.validation_clips=2",
        "trainer.val_check_interval=2",
        "trainer.max_steps=3", "system.adversarial_from_step=1", "logger=none",
        "callbacks.metric_history=null", "callbacks.samples=null",
        f"hydra.run.dir={tmp_path}",
    ]  # fmt: skip
    ranks("train.py", *overrides)
    checkpoint = load_checkpoint(tmp_path / "checkpoints/last.ckpt")
    assert checkpoint["global_step"] == 3
    assert len(checkpoint["optimizer_states"]) == 2
    assert all(torch.isfinite(v).all() for v in checkpoint["state_dict"].values())
