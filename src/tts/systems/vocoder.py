"""The LightningModule around a vocoder, its judges and the game between them."""

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from tts.audio.band import limit_band
from tts.batch import Clips
from tts.losses.adversarial import Adversarial
from tts.losses.waveform import MultiResolutionSTFT, WaveMelLoss
from tts.losses.weighted import LossResult, WeightedLoss
from tts.metrics.pesq import pesq, pesq_is_there
from tts.systems.acoustic import parameter_groups
from tts.vocoders.discriminators.judge import Judgement, Judges
from tts.vocoders.vocoder import Vocoder
from tts.vocoders.vocos import Vocos
from tts.vocoders.weights import normalise_weights


class VocoderOutput(NamedTuple):
    """What the losses read."""

    wave: Tensor  # (B, S) as generated
    real: dict[str, Judgement] | None = None  # None while no judge is at work
    fake: dict[str, Judgement] | None = None
    spectrum: Tensor | None = None  # (B, T, F) complex, of a vocoder that makes one
    target: Tensor | None = None  # (B, T, F) complex, the recording's


class VocoderSystem(pl.LightningModule):
    """Trains a vocoder, alone first, and against ``discriminators`` from a step on.

    ``discriminators``: factories by name, None to train without; they join at optimizer step
    ``adversarial_from_step``. ``averaging``: of the weights that validate and speak, per step
    (exponential moving average; 0 = none). ``clip``: of either gradient's norm (None = unclipped).
    ``accumulate`` batches per step. The trainer counts the generator's steps.
    """

    automatic_optimization = False

    def __init__(
        self,
        model: Vocoder,
        loss: WeightedLoss,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler],
        card: Mapping[str, Any] | None = None,
        discriminators: Mapping[str, Callable[..., nn.Module]] | None = None,
        adversarial_from_step: int = 0,
        averaging: float = 0.999,
        clip: float | None = None,
        accumulate: int = 1,
    ) -> None:
        super().__init__()
        self.model = normalise_weights(model)
        self.loss = loss
        self.rate = rate = model.contract.sample_rate
        game = next((t for t in loss.terms.values() if isinstance(t, Adversarial)), None)
        self.game: Adversarial | None = game if discriminators else None
        self.judges = Judges(discriminators, rate) if discriminators and game else None
        self.average = (
            AveragedModel(self.model, multi_avg_fn=partial(_average, averaging))
            if averaging
            else None
        )
        self.make_optimizer, self.make_scheduler = optimizer, scheduler
        self.adversarial_from_step = adversarial_from_step
        self.clip, self.accumulate = clip, accumulate
        self.card = dict(card or {})
        self.mel_distance = WaveMelLoss(rate)
        self.stft_distance = MultiResolutionSTFT()

    @property
    def generator(self) -> nn.Module:
        """The weights to validate and speak with."""
        return self.model if self.average is None else self.average.module

    def forward(self, mel: Tensor) -> Tensor:
        return self.generator(mel)

    def training_step(self, batch: Clips, batch_idx: int) -> None:
        last = (batch_idx + 1) % self.accumulate == 0 or self.trainer.is_last_batch
        playing = self.judges is not None and self.global_step >= self.adversarial_from_step
        optimizers = self.optimizers()
        both = optimizers if isinstance(optimizers, list) else [optimizers]
        spectrum = target = None
        if isinstance(self.model, Vocos):
            frames = self.model.frames(batch.mel)
            wave = self.model.samples(frames)
            # a clip's first and last windows reach into what was cut off
            edge = self.model.contract.n_fft // self.model.contract.hop // 2
            spectrum = frames[:, edge:-edge]
            target = self.model.inverse.transform(batch.audio)[:, edge:-edge]
        else:
            wave = self.model(batch.mel)
        if (limited := self._limited(batch)) is not None:
            # what a recording could not hold is neither asked for nor forbidden
            wave, batch = limited(wave), batch._replace(audio=limited(batch.audio))
            if spectrum is not None and target is not None:
                bins = torch.linspace(0, self.rate / 2, spectrum.shape[-1], device=wave.device)
                known = bins < batch.bandwidth[:, None, None]  # type: ignore[index]
                spectrum = torch.where(known, spectrum, target)
        if playing:
            self._judges_turn(wave.detach(), batch.audio)
            if last:
                # through the strategy and not through Lightning's wrapper: a step is one of the
                # generator's, and only those are counted
                optimizer: Any = both[1].optimizer
                self.trainer.strategy.optimizer_step(optimizer, closure=_nothing)
                optimizer.zero_grad()
        self._generators_turn(VocoderOutput(wave, None, None, spectrum, target), batch, playing)
        if last:
            both[0].step()
            both[0].zero_grad()
            if self.average is not None:
                self.average.update_parameters(self.model)
            found = self.lr_schedulers()
            schedulers: list[Any] = found if isinstance(found, list) else [found]
            for scheduler in schedulers[: 2 if playing else 1]:
                scheduler.step()

    def _limited(self, batch: Clips) -> Callable[[Tensor], Tensor] | None:
        """What ends a wave where its recording ends, if any in the batch has less than all."""
        if batch.bandwidth is None or not bool((batch.bandwidth < self.rate / 2).any()):
            return None
        return partial(limit_band, cutoff=batch.bandwidth, sample_rate=self.rate)

    def _judges_turn(self, fake: Tensor, real: Tensor) -> None:
        assert self.judges is not None
        assert self.game is not None
        loss = self.game.discriminator(self.judges(real), self.judges(fake))
        self.log("train/discriminator", loss.detach(), batch_size=len(fake))
        self.manual_backward(loss / self.accumulate)

    def _generators_turn(self, output: VocoderOutput, batch: Clips, playing: bool) -> None:
        if playing and self.judges is not None:
            with frozen(self.judges):
                with torch.no_grad():
                    real = self.judges(batch.audio)
                output = output._replace(real=real, fake=self.judges(output.wave))
        result = self.loss(output, batch, self.global_step)
        self._log_losses(result, len(output.wave))
        self.manual_backward(result.total / self.accumulate)

    def _log_losses(self, result: LossResult, size: int) -> None:
        self.log_dict({f"train/{name}": value for name, value in result.terms.items()},
                      batch_size=size)  # fmt: skip
        self.log("train/loss", result.total.detach(), batch_size=size)
        self.log("loss", result.total.detach(), prog_bar=True, logger=False, batch_size=size)

    def validation_step(self, batch: Clips, batch_idx: int) -> Tensor:
        """Copy-synthesis of a recording: how far the copy is from it."""
        wave = self.generator(batch.mel).float()
        if (limited := self._limited(batch)) is not None:
            wave, batch = limited(wave), batch._replace(audio=limited(batch.audio))
        values = {
            "val/mel": self.mel_distance.distance(wave, batch.audio),
            "val/stft": self.stft_distance.distance(wave, batch.audio),
        }
        self.log_dict(values, batch_size=len(wave), sync_dist=True, on_epoch=True, on_step=False)
        if pesq_is_there():
            opinion = pesq(batch.audio[0], wave[0], self.rate)
            # a clip in which it finds no speech does not count, on whichever rank it is
            self.log("val/pesq", opinion or 0.0, batch_size=0 if opinion is None else len(wave),
                     sync_dist=True, on_epoch=True, on_step=False)  # fmt: skip
        return wave

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Clip and log the norm; gradients are unscaled by now, whatever the precision."""
        name = "gradient_norm"
        if self.judges is not None and optimizer is _bare(self.optimizers(), 1):
            name = "discriminator_gradient_norm"
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        norm = nn.utils.clip_grad_norm_(parameters, self.clip or float("inf"))
        self.log(f"train/{name}", norm)

    def configure_optimizers(self) -> Any:
        parts = [self.model] if self.judges is None else [self.model, self.judges]
        optimizers = [self.make_optimizer(parameter_groups(part)) for part in parts]
        steps = int(self.trainer.max_steps)
        totals = [steps, max(steps - self.adversarial_from_step, 1)]  # the judges' count their own
        return [
            {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": self.make_scheduler(optimizer, total_steps=total)},
            }
            for optimizer, total in zip(optimizers, totals, strict=False)
        ]

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint.update(self.card)


@contextmanager
def frozen(module: nn.Module) -> Any:
    """Gradients pass through it, and none stay in it."""
    trainable = [p for p in module.parameters() if p.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


@torch.no_grad()
def _average(decay: float, averages: Any, weights: Any, count: Any) -> None:
    """An exponential moving average that forgets faster while there is little to remember."""
    seen = float(count)
    torch._foreach_lerp_(averages, weights, 1 - min(decay, (1 + seen) / (10 + seen)))


def _nothing() -> None:
    """The closure of a step whose gradients are there already."""


def _bare(optimizers: Any, index: int) -> Any:
    return getattr(optimizers[index], "optimizer", optimizers[index])
