"""Gradient monitor: norms, update ratios and faults of each layer."""

import logging
import math
from collections.abc import Mapping
from typing import Annotated

import lightning.pytorch as pl
import torch
from torch import Tensor, nn

from tts.bounds import Bound, Count, Positive, Steps
from tts.callbacks.support.gradient_diagnosis import NO_FAULT, Fault, GradientDiagnosis
from tts.callbacks.support.layer_gradients import (
    LayerGradient,
    by_part,
    layer_gradients,
    layer_name,
)
from tts.callbacks.support.priority import DEFAULT
from tts.callbacks.support.tensorboard import tensorboard_writers
from tts.errors import UserError
from tts.plain_data import PlainData
from tts.strategies.private_api import is_deepspeed_parameter
from tts.strategies.sharding import gather_full, gather_full_gradient

log = logging.getLogger(__name__)


class GradientMonitor(pl.Callback):
    """Checks the gradients every ``every_n_steps`` optimizer steps, before clipping.

    Writes to TensorBoard ``gradients/<part>`` (norm of each part of the model),
    ``gradients_zero_share/<part>`` and ``gradients_non_finite_share/<part>`` (of entries),
    ``gradients_by_layer/<layer>`` (norm), and ``update_ratio/<layer>`` (norm of a step's change of
    the weights over the norm of the weights). A layer is a module ``layer_depth`` names below the
    model (``encoder.blocks.0``). ``histograms`` adds those of every parameter's gradient.

    From ``warmup_steps`` on, warns once each time a layer begins to have a gradient

    - with NaN or infinite entries;
    - of zero, for ``patience`` checks in a row;
    - that explodes: its norm is ``explode_factor`` times the median of its norms so far;
    - that vanishes: its norm is as many times below, or per entry ``explode_factor`` squared times
      below the median layer's;

    or an update ratio above ``max_update_ratio``.
    """

    priority = DEFAULT

    def __init__(
        self,
        every_n_steps: Count = 100,
        layer_depth: Count = 3,
        histograms: bool = False,
        explode_factor: Annotated[float, Bound(above=1)] = 100.0,
        max_update_ratio: Positive = 0.1,
        patience: Count = 3,
        warmup_steps: Steps = 100,
    ) -> None:
        if every_n_steps < 1 or layer_depth < 1:
            raise UserError(
                f"callbacks.gradient_monitor: every_n_steps={every_n_steps} and "
                f"layer_depth={layer_depth} must be above 0"
            )
        self.every_n_steps, self.layer_depth = every_n_steps, layer_depth
        self.histograms = histograms
        self.max_update_ratio = max_update_ratio
        self.warmup_steps = warmup_steps
        self.diagnosis = GradientDiagnosis(explode_factor, patience)
        self._before: dict[str, Tensor] = {}  # weights before the step, by parameter

    def state_dict(self) -> PlainData:
        return self.diagnosis.state_dict()

    def load_state_dict(self, state_dict: PlainData) -> None:
        self.diagnosis.load_state_dict(state_dict)

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        if trainer.global_step % self.every_n_steps:
            return
        stepping = {id(p) for group in optimizer.param_groups for p in group["params"]}
        named = [
            (name.removeprefix("model."), p)
            for name, p in pl_module.named_parameters()
            if p.requires_grad and (id(p) in stepping or is_deepspeed_parameter(p))
        ]
        gradients = layer_gradients(named, self.layer_depth)
        self._write_histograms(trainer, dict(named))
        self._write(trainer, gradients)
        if trainer.global_step >= self.warmup_steps:
            for name, fault in self.diagnosis.check(gradients).items():
                self._warn(trainer, name, fault)
        self.diagnosis.remember(gradients)
        self._before |= {name: gather_full(p).detach().clone() for name, p in named}

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        if not self._before:
            return
        step = trainer.global_step
        for layer, ratio in self._update_ratios(pl_module).items():
            for writer in tensorboard_writers(trainer):
                writer.add_scalar(f"update_ratio/{layer}", ratio, step)
            text = (
                f"{layer}: a step changes its weights by {100 * ratio:.0f} % of their norm: the "
                "learning rate is too high for it"
            )
            large = step > self.warmup_steps and ratio > self.max_update_ratio
            fault = Fault("update_ratio", text) if large else NO_FAULT
            self._warn(trainer, f"{layer}, update", fault)

    def _update_ratios(self, pl_module: pl.LightningModule) -> dict[str, float]:
        """Return each layer's change since the step began, as a share of its weights' norm."""
        norms: dict[str, list[Tensor]] = {}  # of change and weights, for each parameter
        for name, p in pl_module.named_parameters():
            name = name.removeprefix("model.")
            if (old := self._before.get(name)) is not None:
                new = gather_full(p).detach()
                pair = torch.stack([(new - old).float().norm(), old.float().norm()])
                norms.setdefault(layer_name(name, self.layer_depth), []).append(pair)
        self._before = {}
        ratios = {}
        for layer, pairs in norms.items():
            change, size = torch.stack(pairs).square().sum(0).sqrt().tolist()
            ratios[layer] = change / max(size, 1e-12)
        return ratios

    def _write_histograms(self, trainer: pl.Trainer, named: Mapping[str, nn.Parameter]) -> None:
        if not self.histograms:
            return
        for name, p in named.items():
            grad = gather_full_gradient(p)
            for writer in tensorboard_writers(trainer):
                if grad is not None and torch.isfinite(grad).all():
                    writer.add_histogram(f"gradients/{name}", grad.float(), trainer.global_step)

    def _write(self, trainer: pl.Trainer, gradients: Mapping[str, LayerGradient]) -> None:
        step = trainer.global_step
        for writer in tensorboard_writers(trainer):
            for layer, g in gradients.items():
                writer.add_scalar(f"gradients_by_layer/{layer}", g.norm, step)
            for part, layers in by_part(gradients).items():
                size = sum(g.size for g in layers)
                zero = sum(g.zero_share * g.size for g in layers) / size
                non_finite = sum(g.non_finite_share * g.size for g in layers) / size
                norm = math.sqrt(sum(g.norm**2 for g in layers))
                writer.add_scalar(f"gradients/{part}", norm, step)
                writer.add_scalar(f"gradients_zero_share/{part}", zero, step)
                writer.add_scalar(f"gradients_non_finite_share/{part}", non_finite, step)

    def _warn(self, trainer: pl.Trainer, subject: str, fault: Fault) -> None:
        """Report the fault in the log and in TensorBoard if it is new to the subject."""
        if not self.diagnosis.begins(subject, fault) or not trainer.is_global_zero:
            return
        text = f"step {trainer.global_step}: {fault.text}"
        log.warning(text)
        for writer in tensorboard_writers(trainer):
            writer.add_text("gradients", text, trainer.global_step)
