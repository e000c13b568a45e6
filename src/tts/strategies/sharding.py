"""Gather full tensors from FSDP or DeepSpeed shards (collective: call on every rank)."""

import copy
from abc import ABC
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from tts.errors import UserError
from tts.strategies.private_api import is_deepspeed_parameter, is_partitioned


class ShardedStrategy(ABC):
    """A strategy that shards weights, gradients or the optimizer's state among processes.

    A mixin for one of Lightning's strategies, which calls :meth:`keep_full_copy` before it shards.
    """

    lightning_module: Any
    root_device: Any
    is_global_zero: Any
    shards_weights = True
    overflow_skipped = False  # whether the strategy itself skipped the last step for its gradient
    _full_copy: nn.Module | None = None

    def keep_full_copy(self, system: Any) -> None:
        """Copy the model into host memory, for :meth:`gather_full_model` to fill."""
        if not self.shards_weights:
            return
        full = copy.deepcopy(system.model).cpu()
        for parameter in full.parameters():
            parameter.grad = None
        self._full_copy = full.requires_grad_(False)

    def gather_full_model(self) -> nn.Module:
        """Return the model with all weights, on this rank's device; a copy if they are sharded."""
        model = self.lightning_module.model
        if self._full_copy is None:
            return model
        full = self._full_copy.state_dict()
        for name, value in model.state_dict(keep_vars=True).items():
            full[name].copy_(gather_full(value).detach())
        return self._full_copy.to(self.root_device)

    def release_full_model(self) -> None:
        """Move the full copy off the device."""
        if self._full_copy is not None:
            self._full_copy.cpu()

    def skip_next_step(self, parameters: Sequence[nn.Parameter]) -> None:
        """Make the next optimizer step change nothing."""
        _drop_gradients(parameters)

    def lightning_module_state_dict(self) -> dict[str, Tensor]:
        state = self.lightning_module.state_dict(keep_vars=True)
        return {name: self.on_rank0(gather_full(value).detach()) for name, value in state.items()}

    def on_rank0(self, value: Tensor) -> Tensor:
        """Return ``value`` on the CPU of rank 0, which writes checkpoints; nothing elsewhere."""
        return value.cpu() if self.is_global_zero else value.new_empty(0)


@contextmanager
def gather_full_model(trainer: pl.Trainer, system: Any) -> Iterator[nn.Module]:
    """Yield the system's ``generator`` with all its weights: one rank alone can run it."""
    strategy = trainer.strategy
    if not isinstance(strategy, ShardedStrategy):
        yield system.generator
        return
    try:
        yield strategy.gather_full_model().train(system.model.training)
    finally:
        strategy.release_full_model()


def skip_step(trainer: pl.Trainer, parameters: Sequence[nn.Parameter]) -> None:
    """Make the next step of an optimizer change neither ``parameters`` nor its state."""
    strategy = trainer.strategy
    if isinstance(strategy, ShardedStrategy):
        strategy.skip_next_step(parameters)
    else:
        _drop_gradients(parameters)


def gather_full(tensor: Tensor) -> Tensor:
    """Return all of a tensor that FSDP or DeepSpeed has sharded; any other tensor as it is."""
    if isinstance(tensor, DTensor):
        return tensor.full_tensor()
    if not is_partitioned(tensor):
        return tensor
    from deepspeed.runtime.zero import GatheredParameters
    from deepspeed.utils import safe_get_full_fp32_param

    if tensor.requires_grad:
        return safe_get_full_fp32_param(tensor)
    with GatheredParameters([tensor]):  # a frozen parameter has no float32 copy in the optimizer
        return tensor.detach().clone()


def gather_full_gradient(parameter: nn.Parameter) -> Tensor | None:
    """Return all of a parameter's gradient, between the backward pass and the optimizer's step."""
    if parameter.grad is not None:
        return gather_full(parameter.grad)
    if not is_deepspeed_parameter(parameter) or not parameter.requires_grad:
        return None
    from deepspeed.utils import safe_get_full_grad

    return safe_get_full_grad(parameter)


def local_shard(tensor: Tensor) -> Tensor:
    """Return this rank's rows of an FSDP tensor, sharing memory; any other tensor as it is."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def reject_unsupported(trainer: pl.Trainer, system: Any, choice: str) -> None:
    """Raise UserError for a training that cannot be sharded; ``choice``: the option to name."""
    if not system.automatic_optimization:
        raise UserError(
            f"{choice} shards a training with one optimizer; a vocoder or a discriminator adds "
            "another: use trainer=ddp"
        )
    if system.loss.balance is not None:
        raise UserError(
            f"{choice} shards the model only, and model/balance adapts loss weights by gradients "
            "or weights outside it: use model/balance=fixed or trainer=ddp"
        )
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    if any(isinstance(callback, WeightAveraging) for callback in callbacks):
        raise UserError(f"{choice} cannot average sharded weights (callbacks/ema): use trainer=ddp")
    if trainer.precision not in ("32-true", "bf16-mixed"):
        raise UserError(
            f"{choice} does not support trainer.precision={trainer.precision}: choose from "
            "bf16-mixed, 32-true"
        )


def broadcast_from_rank0(module: nn.Module, device: torch.device) -> None:
    """Copy rank 0's parameters and buffers to every rank, as DDP does; by way of ``device``."""
    for tensor in (*module.parameters(), *module.buffers()):
        on_device = tensor.data.to(device)
        torch.distributed.broadcast(on_device, 0)
        tensor.data.copy_(on_device)


def _drop_gradients(parameters: Sequence[nn.Parameter]) -> None:
    for parameter in parameters:
        parameter.grad = None  # an optimizer ignores such a parameter
