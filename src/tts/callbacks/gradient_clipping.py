"""Gradient clipping by a choice of methods, in place of ``trainer.gradient_clip_val``."""

import copy

import lightning.pytorch as pl
import torch

from tts.callbacks.support.clipping_methods import ClippingMethod
from tts.callbacks.support.optimizers import optimizer_index
from tts.callbacks.support.priority import CLIP
from tts.callbacks.support.trained_system import trained_system
from tts.errors import UserError
from tts.plain_data import PlainData
from tts.strategies.private_api import is_deepspeed_parameter


class GradientClipping(pl.Callback):
    """Clips the unscaled gradients by ``method`` before every optimizer step.

    Each optimizer has a copy of ``method``. Logs ``train/gradient_norm_unclipped``. Raises
    UserError if the trainer or DeepSpeed clips too.
    """

    priority = CLIP

    def __init__(self, method: ClippingMethod) -> None:
        self.method = method
        self._methods: list[ClippingMethod] = []  # one per optimizer
        self._loaded: list[PlainData] = []

    def state_dict(self) -> PlainData:
        return {"methods": [method.state_dict() for method in self._methods]}

    def load_state_dict(self, state_dict: PlainData) -> None:
        self._loaded = state_dict["methods"]

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        limit = trainer.gradient_clip_val or trained_system(pl_module).clip
        if limit:
            raise UserError(
                f"callbacks.gradient_clipping and trainer.gradient_clip_val={limit} would clip "
                "twice: set trainer.gradient_clip_val=null"
            )

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if any(is_deepspeed_parameter(p) for p in pl_module.parameters()):
            raise UserError(
                "callbacks.gradient_clipping: DeepSpeed clips gradients itself, by their global "
                "norm. Set callbacks.gradient_clipping=null trainer.gradient_clip_val=1.0, or "
                "choose trainer=fsdp"
            )
        self._methods = [copy.deepcopy(self.method) for _ in trainer.optimizers]
        for method, state in zip(self._methods, self._loaded, strict=False):
            method.load_state_dict(state)
        self._loaded = []

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        index = optimizer_index(trainer, optimizer)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        with_gradient = [p for p in parameters if p.grad is not None]
        if not with_gradient:  # the step is skipped
            return
        norm = self._methods[index](with_gradient)
        name = "gradient_norm_unclipped" if index == 0 else f"gradient_norm_unclipped_{index}"
        pl_module.log(f"train/{name}", norm)
