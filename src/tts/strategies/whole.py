"""What is whole of something that the processes of a training hold a part of each.

What is made whole is asked for by all processes or by none: each waits for the others' parts.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor, nn

from tts.errors import UserError


class Splits(ABC):
    """A strategy in which no process holds all of the weights, of the gradients or of what the
    optimizer remembers.
    """

    @abstractmethod
    def whole_model(self) -> nn.Module:
        """A copy of the system's model that holds all the weights and speaks without the others."""

    def let_go(self, model: nn.Module) -> None:
        """It is not needed any more for now: off the device."""
        model.cpu()

    def skip(self, parameters: list[nn.Parameter]) -> None:
        """Let the optimizer step that comes change nothing."""
        _without_gradient(parameters)


@contextmanager
def whole_model(trainer: pl.Trainer, system: Any) -> Iterator[nn.Module]:
    """The system's model, such that one process alone can run it."""
    strategy = trainer.strategy
    if not isinstance(strategy, Splits):
        yield system.model
        return
    model = strategy.whole_model().train(system.model.training)
    try:
        yield model
    finally:
        strategy.let_go(model)


def skip_step(trainer: pl.Trainer, parameters: list[nn.Parameter]) -> None:
    """Let the optimizer step that comes change neither ``parameters`` nor its memory of them."""
    strategy = trainer.strategy
    (strategy.skip if isinstance(strategy, Splits) else _without_gradient)(parameters)


def whole(tensor: Tensor) -> Tensor:
    """All of what FSDP's or DeepSpeed's processes hold a share of; any other tensor as it is."""
    if hasattr(tensor, "full_tensor"):
        return tensor.full_tensor()
    if not of_deepspeed(tensor):
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
        return whole(parameter.grad)
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


def refuse(trainer: pl.Trainer, system: Any, choice: str) -> None:
    """Raise UserError for what cannot be split: ``choice`` is the trainer that would."""
    if not system.automatic_optimization:
        raise UserError(
            f"{choice} splits what one optimizer trains: a vocoder, or model/critic, has two; "
            "use trainer=ddp"
        )
    own = {id(p) for p in system.model.parameters()}
    if any(p.requires_grad and id(p) not in own for p in system.parameters()):
        raise UserError(
            f"{choice} splits the model alone, and model/balance learns weights beside it: use "
            "model/balance=fixed or trainer=ddp"
        )
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    if any(isinstance(callback, WeightAveraging) for callback in callbacks):
        raise UserError(f"{choice} and callbacks/ema: a share has no average; use trainer=ddp")
    if trainer.precision == "16-mixed":
        raise UserError(f"{choice}: not in trainer.precision=16-mixed; bf16-mixed or 32-true")


def _without_gradient(parameters: list[nn.Parameter]) -> None:
    for parameter in parameters:
        parameter.grad = None  # which an optimizer passes over


def copied(model: nn.Module) -> nn.Module:
    """A model's twin in the host's memory, to be filled when it is to speak."""
    twin = copy.deepcopy(model).cpu()
    for parameter in twin.parameters():
        parameter.grad = None
    return twin.requires_grad_(False)


def fill(twin: nn.Module, model: nn.Module, device: torch.device) -> nn.Module:
    """All of ``model``'s weights in ``twin``, on ``device``."""
    twin.load_state_dict(whole_state(model))
    return twin.to(device)


def whole_state(module: nn.Module) -> dict[str, Tensor]:
    """Its state dict, of whole tensors."""
    state = {name: whole(value) for name, value in module.state_dict(keep_vars=True).items()}
    return {name: value.detach() for name, value in state.items()}
