"""Acoustic GAN training: mel windows, padding, over-smoothing, exact resume, averaging."""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import lightning.pytorch as pl
import pytest
import torch
from fakes import FACTS, FakeModel, composed
from torch import Tensor

from tts.callbacks.bad_steps import BadStepGuard
from tts.checkpoint import load_checkpoint
from tts.discriminators.base import Discriminators
from tts.discriminators.mel import MelWindows, MultiWindowDiscriminator
from tts.errors import UserError
from tts.losses.adversarial import AdversarialOutput, LSGANLoss
from tts.losses.weighted import WeightedLoss
from tts.optim.optimization import Optimization
from tts.optim.schedules import constant
from tts.strategies.sharding import gather_full_model
from tts.synthesizer import Synthesizer
from tts.systems.gan import GANSystem
from tts.training.run import train

BANDS = 16


def mel_discriminators() -> Discriminators:
    torch.manual_seed(0)
    factory = partial(MultiWindowDiscriminator, windows=(8, 32), channels=4)
    return Discriminators({"patches": factory}, bands=BANDS)


def windows(mel: Tensor, lengths: list[int], offset: float = 0.5) -> MelWindows:
    return MelWindows(mel, torch.tensor(lengths), torch.full((len(mel),), offset))


def test_windows_lie_inside_the_utterance_and_cover_it() -> None:
    frames = torch.arange(1.0, 51.0)[None, :, None].expand(2, 50, BANDS)
    [discriminator] = mel_discriminators().members.values()
    starts = set()
    for offset in torch.linspace(0, 0.999, 200):
        mels = windows(frames, [50, 20], float(offset))
        short, long = discriminator.inputs(mels)  # type: ignore[operator]
        assert short.shape == (2, 1, 8, BANDS)
        assert long.shape == (2, 1, 32, BANDS)
        first, second = short[:, 0, :, 0]
        assert torch.equal(first, first[0] + torch.arange(8.0)), "frames in a row"
        assert first[-1] <= 50
        assert second[-1] <= 20, "no padding while there is speech"
        assert (long[1, 0, 20:] == 0).all(), "an utterance shorter than the window ends in zeros"
        starts.add(int(first[0]))
    assert starts == set(range(1, 44))


def test_padding_does_not_change_the_logits() -> None:
    mel = torch.randn(1, 40, BANDS)
    longer = torch.cat([mel, 9 * torch.ones(1, 30, BANDS)], 1)
    plain, padded = (
        mel_discriminators()(windows(m, [40]))["patches"].logits for m in (mel, longer)
    )
    for a, b in zip(plain, padded, strict=True):
        assert torch.equal(a, b)


def test_discriminators_learn_to_detect_over_smoothing() -> None:
    discriminators, gan_loss = mel_discriminators(), LSGANLoss(average=True)
    optimizer = torch.optim.Adam(discriminators.parameters(), lr=3e-3)

    def pair(seed: int) -> tuple[MelWindows, MelWindows]:
        mel = torch.randn(8, 40, BANDS, generator=torch.Generator().manual_seed(seed))
        smoothed = torch.nn.functional.avg_pool1d(mel.mT, 5, 1, 2).mT * 2.2  # same variance
        return windows(mel, [40] * 8), windows(smoothed, [40] * 8)

    for step in range(60):
        real, smoothed = pair(step)
        loss = gan_loss.discriminator(
            AdversarialOutput(discriminators(real), discriminators(smoothed))
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    of_real, of_smoothed = (discriminators(mels)["patches"].logits for mels in pair(1000))
    for a, b in zip(of_real, of_smoothed, strict=True):
        assert float(a.mean().detach()) > float(b.mean().detach()) + 0.5
    assert all(p.grad is not None and p.grad.any() for p in discriminators.parameters())


def test_training_resumes_exactly_and_synthesizes(tmp_path: Path, prepared: Path) -> None:
    def run(folder: Path, steps: int, resume: bool = False) -> dict[str, Tensor]:
        overrides = [
            "model/size=tiny", "discriminator=mel_patches",
            "discriminator.parts.patches.channels=4", "callbacks.metric_history=null",
            "trainer=cpu",
            "trainer.precision=32-true", "data.limit=24", f"data.prepared_dir={prepared}",
            "data.workers=0", "data.frames_per_batch=1500", "logger=none", f"run_dir={folder}",
            "callbacks.samples=null", "callbacks.validation_metrics=null", "scheduler=constant",
            "trainer.val_check_interval=2", "system.adversarial_from_step=1",
            f"trainer.max_steps={steps}",
        ]  # fmt: skip
        given = (f"resume={folder}", f"trainer.max_steps={steps}") if resume else ()
        metrics = train(composed("train", *overrides, *given), given)
        assert {"train/adversarial", "train/feature_matching", "train/discriminator"} <= set(
            metrics
        )
        assert "val/mel" in metrics
        return load_checkpoint(folder / "checkpoints/last.ckpt")["state_dict"]

    uncut = run(tmp_path / "uncut", 4)
    run(tmp_path / "resumed", 2)
    resumed = run(tmp_path / "resumed", 4, resume=True)
    for name, value in uncut.items():
        assert torch.equal(value, resumed[name]), name
    assert any(name.startswith("discriminators.") for name in uncut)
    assert not (tmp_path / "uncut" / "checkpoints" / "best.ckpt").exists(), "no metric is monitored"
    voice = Synthesizer.load(tmp_path / "uncut")
    assert len(voice.speak("Hello.").waveform) > 1000


class Recorder(pl.Callback):
    """Keeps the bad-step guard's losses and the model that synthesizes."""

    recorded: ClassVar[list[Any]] = []

    def on_train_end(self, trainer: Any, module: Any) -> None:
        [guard] = [c for c in trainer.callbacks if isinstance(c, BadStepGuard)]
        with gather_full_model(trainer, module) as model:
            self.recorded[:] = [guard.detector.losses, model, module]


def test_accumulated_losses_are_recorded_by_optimizer_and_the_average_synthesizes(
    tmp_path: Path, prepared: Path
) -> None:
    from tests.systems.test_acoustic_gan import Recorder  # the class that the config names

    overrides = [
        "model/size=tiny", "discriminator=mel_patches",
            "discriminator.parts.patches.channels=4",
        "trainer=cpu",
        "trainer.precision=32-true", "data.limit=24", f"data.prepared_dir={prepared}",
        "data.workers=0", "data.frames_per_batch=600", "logger=none", f"run_dir={tmp_path}",
        "callbacks.samples=null", "callbacks.validation_metrics=null", "scheduler=constant",
        "trainer.accumulate_grad_batches=2", "trainer.max_steps=3",
        "trainer.val_check_interval=3", "system.averaging=0.9", "callbacks.metric_history=null",
        "+callbacks.recorder._target_=tests.systems.test_acoustic_gan.Recorder",
    ]  # fmt: skip
    metrics = train(composed("train", *overrides))
    (model_losses, discriminator_losses), model, system = Recorder.recorded
    assert metrics["steps"] == 3
    assert "val/mel" in metrics, "one validation, after the third step"
    assert len(model_losses) == len(discriminator_losses) == 6, "two batches per step of either"
    assert min(model_losses) > max(discriminator_losses), "a mel loss is larger than a GAN loss"
    assert model is system.average.module


def test_discriminators_of_another_signal_are_rejected() -> None:
    patches = {"patches": MultiWindowDiscriminator}
    loss = WeightedLoss({"adversarial": LSGANLoss(average=False)}, {"adversarial": 1.0})
    optimization = Optimization(torch.optim.Adam, constant)
    with pytest.raises(UserError, match=r"'patches' takes a mel, .* generates a waveform"):
        GANSystem(FakeModel(FACTS), loss, optimization, patches, 0, 0.0)
    silent = WeightedLoss({"adversarial": LSGANLoss(average=False)}, {"adversarial": 0.0})
    with pytest.raises(UserError, match=r"loss\.weights\.adversarial=0 leaves the discriminators"):
        GANSystem(FakeModel(FACTS), silent, optimization, patches, 0, 0.0)
