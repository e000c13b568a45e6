"""Finite weights: a training must neither save nor end with weights that are NaN or infinite."""

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from tts.callbacks.support.ranks import on_any_rank
from tts.errors import UserError


def non_finite_tensor(module: nn.Module) -> str | None:
    """Return the name of the first parameter or buffer that holds NaN or infinity, or None."""
    tensors = {n: _local(t) for n, t in module.state_dict().items() if t.is_floating_point()}
    tensors = {name: tensor for name, tensor in tensors.items() if tensor.numel()}
    if not tensors:
        return None
    # one transfer from the device; a sum that overflows is looked at again below
    sums = torch.stack([tensor.abs().sum().float() for tensor in tensors.values()])
    finite = torch.isfinite(sums).tolist()
    suspects = [name for name, fine in zip(tensors, finite, strict=True) if not fine]
    return next((name for name in suspects if not torch.isfinite(tensors[name]).all()), None)


def require_finite_weights(trainer: pl.Trainer, system: pl.LightningModule) -> None:
    """Raise UserError naming a tensor of the system that is NaN or infinite, on every rank."""
    name = non_finite_tensor(system)
    if on_any_rank(trainer, name is not None):
        raise UserError(
            f"step {trainer.global_step}: the weights of {name or 'another rank'} are NaN or "
            "infinite, so they are not saved. Set a lower optimizer.lr, check "
            "trainer.gradient_clip_val, and go on from the last checkpoint with resume=RUN"
        )


def _local(tensor: Tensor) -> Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor
