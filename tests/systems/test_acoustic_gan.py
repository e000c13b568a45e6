"""Laws of the critic of mels: the same places, padding is nothing, blur is found out, resuming."""

from pathlib import Path
from typing import Any, ClassVar

import lightning.pytorch as pl
import pytest
import torch
from fakes import composed
from torch import Tensor

from tts.callbacks.bad_steps import BadStepGuard
from tts.checkpoint import load_checkpoint
from tts.discriminators.base import Discriminators
from tts.discriminators.mel import MelWindows, MultiWindowDiscriminator
from tts.losses.adversarial import LSGANLoss
from tts.strategies.sharding import gather_full_model
from tts.synthesizer import Synthesizer
from tts.training.run import train

BANDS = 16


def critic() -> Discriminators:
    torch.manual_seed(0)
    return Discriminators(
        {"patches": lambda bands: MultiWindowDiscriminator(bands, windows=(8, 32), channels=4)},
        bands=BANDS,
    )


def excerpts(mel: Tensor, lengths: list[int], place: float = 0.5) -> MelWindows:
    return MelWindows(mel, torch.tensor(lengths), torch.full((len(mel),), place))


def test_windows_lie_inside_the_utterance_and_cover_it() -> None:
    frames = torch.arange(1.0, 51.0)[None, :, None].expand(2, 50, BANDS)
    [member] = critic().members.values()
    starts = set()
    for place in torch.linspace(0, 0.999, 200):
        short, long = member.inputs(excerpts(frames, [50, 20], float(place)))  # type: ignore[operator]
        assert short.shape == (2, 1, 8, BANDS)
        assert long.shape == (2, 1, 32, BANDS)
        first, second = short[:, 0, :, 0]
        assert torch.equal(first, first[0] + torch.arange(8.0)), "frames in a row"
        assert first[-1] <= 50
        assert second[-1] <= 20, "no padding is shown while there is speech"
        assert (long[1, 0, 20:] == 0).all(), "an utterance shorter than the window ends in zeros"
        starts.add(int(first[0]))
    assert starts == set(range(1, 44))


def test_padding_is_not_judged() -> None:
    mel = torch.randn(1, 40, BANDS)
    longer = torch.cat([mel, 9 * torch.ones(1, 30, BANDS)], 1)
    one, other = (critic()(excerpts(m, [40]))["patches"] for m in (mel, longer))
    for a, b in zip(one.logits, other.logits, strict=True):
        assert torch.equal(a, b)


def test_blur_is_found_out() -> None:
    judges, game = critic(), LSGANLoss(average=True)
    optimizer = torch.optim.Adam(judges.parameters(), lr=3e-3)

    def pair(seed: int) -> tuple[MelWindows, MelWindows]:
        mel = torch.randn(8, 40, BANDS, generator=torch.Generator().manual_seed(seed))
        blurred = torch.nn.functional.avg_pool1d(mel.mT, 5, 1, 2).mT * 2.2  # of the same loudness
        return excerpts(mel, [40] * 8), excerpts(blurred, [40] * 8)

    for step in range(60):
        real, blurred = pair(step)
        loss = game.discriminator(judges(real), judges(blurred))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    real, blurred = (judges(shown)["patches"].logits for shown in pair(1000))
    for a, b in zip(real, blurred, strict=True):
        assert float(a.mean().detach()) > float(b.mean().detach()) + 0.5
    assert all(p.grad is not None and p.grad.any() for p in judges.parameters())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


def test_a_model_trains_against_it_resumes_exactly_and_speaks(
    tmp_path: Path, prepared: Path
) -> None:
    def run(folder: Path, steps: int, resume: bool = False) -> dict[str, Tensor]:
        overrides = [
            "model/size=tiny", "discriminator=mel_patches", "discriminator.parts.patches.channels=4", "trainer=cpu",
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

    whole = run(tmp_path / "whole", 4)
    run(tmp_path / "cut", 2)
    resumed = run(tmp_path / "cut", 4, resume=True)
    for name, value in whole.items():
        assert torch.equal(value, resumed[name]), name
    assert any(name.startswith("discriminators.") for name in whole)
    assert not (tmp_path / "whole" / "checkpoints" / "best.ckpt").exists(), "the last counts"
    voice = Synthesizer.load(tmp_path / "whole")
    assert len(voice.speak("Hello.").waveform) > 1000


class Look(pl.Callback):
    """What the failures' history holds, and who validates and speaks."""

    seen: ClassVar[list[Any]] = []

    def on_train_end(self, trainer: Any, module: Any) -> None:
        [guard] = [c for c in trainer.callbacks if isinstance(c, BadStepGuard)]
        with gather_full_model(trainer, module) as speaking:
            self.seen[:] = [guard.detector.losses, speaking, module]


def test_accumulated_turns_are_told_apart_and_the_average_speaks(
    tmp_path: Path, prepared: Path
) -> None:
    from tests.systems.test_acoustic_gan import Look  # the one that the config names

    overrides = [
        "model/size=tiny", "discriminator=mel_patches", "discriminator.parts.patches.channels=4", "trainer=cpu",
        "trainer.precision=32-true", "data.limit=24", f"data.prepared_dir={prepared}",
        "data.workers=0", "data.frames_per_batch=600", "logger=none", f"run_dir={tmp_path}",
        "callbacks.samples=null", "callbacks.validation_metrics=null", "scheduler=constant",
        "trainer.accumulate_grad_batches=2", "trainer.max_steps=3",
        "trainer.val_check_interval=3", "system.averaging=0.9",
        "+callbacks.look._target_=tests.systems.test_acoustic_gan.Look",
    ]  # fmt: skip
    metrics = train(composed("train", *overrides))
    (ours, judges), speaking, system = Look.seen
    assert metrics["steps"] == 3
    assert "val/mel" in metrics, "one validation, after the third step"
    assert len(ours) == len(judges) == 6, "two batches a step, of either"
    assert min(ours) > max(judges), "a mel is farther off than a score: none is in the other's"
    assert speaking is system.average.module
