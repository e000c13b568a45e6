"""What is whole of something that the processes of a training hold a part of each.

What is made whole is asked for by all processes or by none: each waits for the others' parts.
"""

import copy
from abc import ABC
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor, nn

from tts.errors import UserError


class ShardedStrategy(ABC):
    """A strategy whose processes split weights, gradients or the optimizer's memory among them.

    Mixed into one of Lightning's. :meth:`remember` is called with the system before it is split.
    """

    lightning_module: Any
    root_device: Any
    is_global_zero: Any
    splits_weights = True
    skipped_by_itself = False  # the step that was just to be taken, for its gradient
    _twin: nn.Module | None = None

    def remember(self, system: Any) -> None:
        """Keep a copy of the model in the host's memory, to be filled when one is to speak."""
        if not self.splits_weights:
            return
        twin = copy.deepcopy(system.model).cpu()
        for parameter in twin.parameters():
            parameter.grad = None
        self._twin = twin.requires_grad_(False)

    def gather_full_model(self) -> nn.Module:
        """The system's model, or a copy, that holds all the weights and needs no other process."""
        model = self.lightning_module.model
        if self._twin is None:
            return model
        mine = self._twin.state_dict()
        for name, value in model.state_dict(keep_vars=True).items():
            mine[name].copy_(gather_full(value).detach())
        return self._twin.to(self.root_device)

    def let_go(self) -> None:
        """The whole model is not needed any more for now: off the device."""
        if self._twin is not None:
            self._twin.cpu()

    def skip(self, parameters: list[nn.Parameter]) -> None:
        """Let the optimizer step that comes change nothing."""
        _without_gradient(parameters)

    def lightning_module_state_dict(self) -> dict[str, Any]:
        state = self.lightning_module.state_dict(keep_vars=True)
        return {name: self.kept(gather_full(value).detach()) for name, value in state.items()}

    def kept(self, value: Tensor) -> Tensor:
        """In the first process's memory; only that one writes."""
        return value.cpu() if self.is_global_zero else value.new_empty(0)


@contextmanager
def gather_full_model(trainer: pl.Trainer, system: Any) -> Iterator[nn.Module]:
    """The system's model, such that one process alone can run it; its average, where it has one."""
    strategy = trainer.strategy
    if not isinstance(strategy, ShardedStrategy):
        yield getattr(system, "generator", system.model)
        return
    try:
        yield strategy.gather_full_model().train(system.model.training)
    finally:
        strategy.let_go()


def skip_step(trainer: pl.Trainer, parameters: list[nn.Parameter]) -> None:
    """Let the optimizer step that comes change neither ``parameters`` nor its memory of them."""
    strategy = trainer.strategy
    (strategy.skip if isinstance(strategy, ShardedStrategy) else _without_gradient)(parameters)


def gather_full(tensor: Tensor) -> Tensor:
    """All of what FSDP's or DeepSpeed's processes hold a share of; any other tensor as it is."""
    if hasattr(tensor, "full_tensor"):
        return tensor.full_tensor()
    if not hasattr(tensor, "ds_id"):
        return tensor
    from deepspeed.runtime.zero import GatheredParameters
    from deepspeed.utils import safe_get_full_fp32_param

    if tensor.requires_grad:
        return safe_get_full_fp32_param(tensor)
    with GatheredParameters([tensor]):  # it has no optimizer to ask
        return tensor.detach().clone()


def gradient(parameter: nn.Parameter) -> Tensor | None:
    """All of a parameter's gradient, between the backward pass and the optimizer's step."""
    if parameter.grad is not None:
        return gather_full(parameter.grad)
    if not of_deepspeed(parameter) or not parameter.requires_grad:
        return None
    from deepspeed.utils import safe_get_full_grad

    return safe_get_full_grad(parameter)


def local(tensor: Tensor) -> Tensor:
    """What this process holds of a tensor of FSDP's: some of its rows, to read and to write."""
    share = getattr(tensor, "to_local", None)
    return tensor if share is None else share()


def of_deepspeed(tensor: Tensor) -> bool:
    """Whether it is a parameter that DeepSpeed looks after (the first two stages, the third)."""
    return hasattr(tensor, "_hp_mapping") or hasattr(tensor, "ds_id")


def reject_unsupported(trainer: pl.Trainer, system: Any, choice: str) -> None:
    """Raise UserError for what cannot be split: ``choice`` is the trainer that would."""
    if not system.automatic_optimization:
        raise UserError(
            f"{choice} splits what one optimizer trains: a vocoder, or discriminator=mel_patches, has two; "
            "use trainer=ddp"
        )
    if getattr(system.loss, "balance", None) is not None:
        raise UserError(
            f"{choice} splits the model alone, and model/balance weighs losses by gradients or "
            "weights beside it: use model/balance=fixed or trainer=ddp"
        )
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    if any(isinstance(callback, WeightAveraging) for callback in callbacks):
        raise UserError(f"{choice} and callbacks/ema: a share has no average; use trainer=ddp")
    if trainer.precision not in ("32-true", "bf16-mixed"):
        raise UserError(
            f"{choice}: trainer.precision={trainer.precision}; choose bf16-mixed or 32-true"
        )


def broadcast_from_rank0(module: nn.Module, device: torch.device) -> None:
    """Every process's tensors as the first process's, as DDP begins; by way of ``device``."""
    for tensor in (*module.parameters(), *module.buffers()):
        there = tensor.data.to(device)
        torch.distributed.broadcast(there, 0)
        tensor.data.copy_(there)


def _without_gradient(parameters: list[nn.Parameter]) -> None:
    for parameter in parameters:
        parameter.grad = None  # which an optimizer passes over
