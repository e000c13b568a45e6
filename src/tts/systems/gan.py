"""What every training against judges shares: two optimizers and whose turn it is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from tts.discriminators.base import Discriminators
from tts.errors import UserError
from tts.losses.adversarial import GANLoss
from tts.losses.weighted import LossResult, WeightedLoss
from tts.optim.groups import parameter_groups
from tts.optim.total_steps import total_steps


class GANSystem(pl.LightningModule):
    """Trains a model, alone first, and against ``discriminators`` from a step on.

    ``discriminators``: factories by name, called with ``about``; None to train without. They join
    at optimizer step ``adversarial_from_step``. ``averaging``: of the weights that validate and
    speak, per step (exponential moving average; 0 = none). ``clip``: of either gradient's norm
    (None = unclipped). ``accumulate`` batches per step. The trainer counts the model's steps.
    A subclass makes something of a batch in ``training_step`` and calls :meth:`adversarial_step`.
    """

    automatic_optimization = False

    def __init__(
        self,
        model: nn.Module,
        loss: WeightedLoss,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler],
        card: Mapping[str, Any] | None = None,
        discriminators: Mapping[str, Callable[..., nn.Module]] | None = None,
        discriminator_kwargs: Mapping[str, Any] | None = None,
        adversarial_from_step: int = 0,
        averaging: float = 0.0,
        clip: float | None = None,
        accumulate: int = 1,
    ) -> None:
        super().__init__()
        self.model = model
        self.loss = loss
        loss.attach(model)
        game = next((t for t in loss.terms.values() if isinstance(t, GANLoss)), None)
        if discriminators and game is None:
            raise UserError(
                "model.loss.weights.adversarial=0 leaves nothing for the judges to learn from; to train "
                "without them: discriminator=none"
            )
        self.gan_loss: GANLoss | None = game if discriminators else None
        self.discriminators = (
            Discriminators(discriminators, **(discriminator_kwargs or {}))
            if discriminators and game
            else None
        )
        self.average = (
            AveragedModel(self.model, multi_avg_fn=partial(_average, averaging))
            if averaging
            else None
        )
        self.make_optimizer, self.make_scheduler = optimizer, scheduler
        self.adversarial_from_step = adversarial_from_step
        self.clip, self.accumulate = clip, accumulate
        self.active_optimizer = (
            0  # the optimizer whose loss goes backward: the model's, or the judges' (1)
        )
        self.card = dict(card or {})

    @property
    def generator(self) -> Any:
        """The weights to validate and speak with."""
        return self.model if self.average is None else self.average.module

    @property
    def adversarial_active(self) -> bool:
        """Whether the judges are at work by now."""
        return self.discriminators is not None and self.global_step >= self.adversarial_from_step

    def adversarial_step(
        self,
        batch: Any,
        batch_idx: int,
        output: Any,
        made: Tensor,
        real: Tensor,
        shown: Callable[[Tensor], Any] = lambda x: x,
    ) -> None:
        """The judges' turn, then the model's; a step of either after the last of ``accumulate``.

        ``output`` has the fields ``real`` and ``fake`` for what the judges say of ``real`` and of
        ``made``; ``shown`` turns either into what they look at.
        """
        last = (batch_idx + 1) % self.accumulate == 0 or self.trainer.is_last_batch
        adversarial_active = self.adversarial_active
        optimizers = self.optimizers()
        both = optimizers if isinstance(optimizers, list) else [optimizers]
        if adversarial_active:
            self._discriminator_step(shown(made.detach()), shown(real), len(made))
            if last:
                # through the strategy and not through Lightning's wrapper: a step is one of the
                # model's, and only those are counted
                optimizer: Any = both[1].optimizer
                self.trainer.strategy.optimizer_step(optimizer, closure=_nothing)
                optimizer.zero_grad()
        if adversarial_active and self.discriminators is not None:
            with frozen(self.discriminators):
                with torch.no_grad():
                    truth = self.discriminators(shown(real))
                output = output._replace(real=truth, fake=self.discriminators(shown(made)))
        result = self.loss(output, batch, self.global_step)
        self._log_losses(result, len(made))
        self.manual_backward(result.total / self.accumulate)
        if last:
            both[0].step()
            both[0].zero_grad()
            if self.average is not None:
                self.average.update_parameters(self.model)
            found = self.lr_schedulers()
            schedulers: list[Any] = found if isinstance(found, list) else [found]
            for scheduler in schedulers[: 2 if adversarial_active else 1]:
                scheduler.step()

    def _discriminator_step(self, fake: Any, real: Any, size: int) -> None:
        assert self.discriminators is not None
        assert self.gan_loss is not None
        loss = self.gan_loss.discriminator(self.discriminators(real), self.discriminators(fake))
        self.log("train/discriminator", loss.detach(), batch_size=size)
        self.active_optimizer = 1
        self.manual_backward(loss / self.accumulate)
        self.active_optimizer = 0

    def _log_losses(self, result: LossResult, size: int) -> None:
        self.log_dict(result.named("train"), batch_size=size)
        self.log("loss", result.value, prog_bar=True, logger=False, batch_size=size)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Clip and log the norm; gradients are unscaled by now, whatever the precision."""
        name = "gradient_norm"
        if self.discriminators is not None and optimizer is _bare(self.optimizers(), 1):
            name = "discriminator_gradient_norm"
        own = set(self.loss.parameters())  # log-variances are no weights, and not clipped with them
        parameters = [
            p for group in optimizer.param_groups for p in group["params"] if p not in own
        ]
        norm = nn.utils.clip_grad_norm_(parameters, self.clip or float("inf"))
        self.log(f"train/{name}", norm)

    def configure_optimizers(self) -> Any:
        groups = [parameter_groups(self.model, self.loss)]
        groups += [] if self.discriminators is None else [parameter_groups(self.discriminators)]
        optimizers = [self.make_optimizer(group) for group in groups]
        steps = total_steps(self.trainer, self.accumulate)
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
def frozen(module: nn.Module) -> Iterator[None]:
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
