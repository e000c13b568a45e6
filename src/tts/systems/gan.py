"""GAN training: the base LightningModule with two optimizers, shared by vocoders and acoustic GANs.

Each batch trains the discriminators, then the model (Goodfellow et al. 2014, algorithm 1).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import lightning.pytorch as pl
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.utilities.types import OptimizerLRScheduler, OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.optim.lr_scheduler import LRScheduler

from tts.bounds import ShareBelowOne, Steps
from tts.discriminators.base import Discriminators, MultiDiscriminator
from tts.errors import UserError
from tts.losses.adversarial import AdversarialOutput, GANLoss
from tts.losses.weighted import LossResult, WeightedLoss
from tts.optim.groups import parameter_groups
from tts.optim.optimization import Optimization
from tts.optim.total_steps import total_steps
from tts.plain_data import PlainData
from tts.strategies.private_api import check_versions
from tts.systems.weight_average import WeightAverage

MODEL, DISCRIMINATORS = 0, 1  # the optimizers' indices


class GANSystem(pl.LightningModule):
    """Trains a model against ``discriminators`` from step ``adversarial_from_step`` on.

    ``discriminators``: factories by name, called with :meth:`discriminator_kwargs`; None trains
    the model on its other losses. ``averaging``: decay per step of an exponential moving average of
    the weights, which validates and synthesizes; 0 for none. ``card``: as in ``AcousticSystem``.
    The trainer's steps are the model's. A subclass computes the model's output in
    ``training_step`` and calls :meth:`adversarial_step`.
    Raises UserError for discriminators without an adversarial loss or for another ``signal``.
    """

    automatic_optimization = False
    signal: ClassVar[str] = "waveform"  # what the discriminators get

    def __init__(
        self,
        model: nn.Module,
        loss: WeightedLoss,
        optimization: Optimization,
        discriminators: Mapping[str, Callable[..., nn.Module]] | None,
        adversarial_from_step: Steps,
        averaging: ShareBelowOne,
        card: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.loss = loss
        loss.attach(model)
        self.discriminators: Discriminators | None = None
        self.gan_loss: GANLoss | None = None
        if discriminators:
            self.gan_loss = _gan_loss(loss)
            self.discriminators = Discriminators(discriminators, **self.discriminator_kwargs())
            _require_signal(self.discriminators, self.signal)
        if averaging:
            check_versions("system.averaging", "torch")
        self.average = WeightAverage(self.model, averaging) if averaging else None
        self.optimization = optimization
        self.accumulate = optimization.accumulate
        self.adversarial_from_step = adversarial_from_step
        self.active_optimizer = MODEL  # the one whose loss is in its backward pass
        self.card = dict(card or {})

    def discriminator_kwargs(self) -> dict[str, object]:
        """Return what discriminators may need to know of the model."""
        return {}

    @property
    def generator(self) -> nn.Module:
        """The model that validates and synthesizes: the average of the weights if there is one."""
        return self.model if self.average is None else self.average.module

    @property
    def adversarial_active(self) -> bool:
        """Whether the discriminators train at this step."""
        return self.discriminators is not None and self.global_step >= self.adversarial_from_step

    def adversarial_step(
        self,
        batch: object,
        batch_idx: int,
        output: object,
        fake: Tensor,
        real: Tensor,
        inputs: Callable[[Tensor], object] = lambda signal: signal,
    ) -> None:
        """Train the discriminators, then the model; step after the last of ``accumulate`` batches.

        ``output``: the model's, for the losses; ``fake``: the generated signal in it, ``real``: the
        recording's, of the same shape; ``inputs`` turns either into what the discriminators take.
        """
        last = (batch_idx + 1) % self.accumulate == 0 or self.trainer.is_last_batch
        active = self.adversarial_active
        adversarial: AdversarialOutput | None = None
        if active and self.discriminators is not None:
            self._discriminator_backward(inputs(fake.detach()), inputs(real), len(fake))
            if last:
                self._discriminator_optimizer_step()
            with frozen(self.discriminators), parametrize.cached():
                with torch.no_grad():
                    of_real = self.discriminators(inputs(real))
                adversarial = AdversarialOutput(of_real, self.discriminators(inputs(fake)))
        result: LossResult = self.loss(output, batch, self.global_step, adversarial)
        self.log_dict(result.named("train"), batch_size=len(fake))
        self.manual_backward(result.total / self.accumulate)
        if last:
            self._model_optimizer_step()
            for scheduler in self._schedulers()[: 2 if active else 1]:
                scheduler.step()

    def _discriminator_backward(self, fake: object, real: object, size: int) -> None:
        """Compute the discriminators' loss and its gradients."""
        assert self.discriminators is not None
        assert self.gan_loss is not None
        with parametrize.cached():  # both passes have the same weights: normalize them once
            output = AdversarialOutput(self.discriminators(real), self.discriminators(fake))
        loss = self.gan_loss.discriminator(output)
        self.log("train/discriminator", loss.detach(), batch_size=size)
        self.active_optimizer = DISCRIMINATORS
        self.manual_backward(loss / self.accumulate)
        self.active_optimizer = MODEL

    def _discriminator_optimizer_step(self) -> None:
        # through the strategy, not Lightning's wrapper, which would count it as a training step
        optimizer = self._optimizers()[DISCRIMINATORS].optimizer
        self.trainer.strategy.optimizer_step(optimizer, closure=_no_closure)
        optimizer.zero_grad()

    def _model_optimizer_step(self) -> None:
        optimizer = self._optimizers()[MODEL]
        optimizer.step()
        optimizer.zero_grad()
        if self.average is not None:
            self.average.update_parameters(self.model)

    def _optimizers(self) -> list[LightningOptimizer]:
        optimizers: Any = self.optimizers()  # a list only where there are several
        return optimizers if isinstance(optimizers, list) else [optimizers]

    def _schedulers(self) -> list[LRScheduler]:
        schedulers: Any = self.lr_schedulers()  # as above
        return schedulers if isinstance(schedulers, list) else [schedulers]

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Clip and log the norm; gradients are unscaled by now, whatever the precision."""
        name = "gradient_norm"
        if self.discriminators is not None:
            discriminator_optimizer = self._optimizers()[DISCRIMINATORS].optimizer
            if optimizer is discriminator_optimizer:
                name = "discriminator_gradient_norm"
        balance = set(self.loss.parameters())  # log-variances are not weights: not clipped
        parameters = [
            p for group in optimizer.param_groups for p in group["params"] if p not in balance
        ]
        norm = nn.utils.clip_grad_norm_(parameters, self.optimization.clip or float("inf"))
        self.log(f"train/{name}", norm)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        groups = [parameter_groups(self.model, self.loss)]
        groups += [] if self.discriminators is None else [parameter_groups(self.discriminators)]
        optimizers = [self.optimization.optimizer_of(group) for group in groups]
        steps = total_steps(self.trainer, self.accumulate)
        totals = [steps, max(steps - self.adversarial_from_step, 1)]
        return [
            OptimizerLRSchedulerConfig(
                optimizer=optimizer,
                lr_scheduler={
                    "scheduler": self.optimization.scheduler(optimizer, total_steps=total)
                },
            )
            for optimizer, total in zip(optimizers, totals, strict=False)
        ]

    def on_save_checkpoint(self, checkpoint: PlainData) -> None:
        checkpoint.update(self.card)


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Let gradients pass through ``module`` to its input without gradients of its parameters."""
    trainable = [p for p in module.parameters() if p.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def _gan_loss(loss: WeightedLoss) -> GANLoss:
    for term in loss.terms.values():
        if isinstance(term, GANLoss):
            return term
    raise UserError(
        "model.loss.weights.adversarial=0 leaves the discriminators without a loss: set it above "
        "0, or choose discriminator=none"
    )


def _require_signal(discriminators: Discriminators, signal: str) -> None:
    for name, member in discriminators.members.items():
        if isinstance(member, MultiDiscriminator) and member.signal != signal:
            raise UserError(
                f"discriminator '{name}' takes a {member.signal}, and this model generates a "
                f"{signal}: choose another discriminator=..."
            )


def _no_closure() -> None:
    """The closure of a step whose gradients are computed already."""
