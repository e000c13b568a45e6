"""Weights, gradients and the optimizer's memory split among processes, by torch's own FSDP."""

from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.utils._pytree import tree_map

from tts.strategies.sharding import (
    ShardedStrategy,
    broadcast_from_rank0,
    gather_full,
    reject_unsupported,
)

LEAST = 0.01  # of the model's parameters, that are worth a gathering of their own


class FSDPStrategy(ShardedStrategy, DDPStrategy):
    """Each process holds a share of every weight, and of what the optimizer remembers of it.

    A layer is put together when it is needed, and its gradient is given away as soon as it is there
    (Zhao et al. 2023; ZeRO stage 3, Rajbhandari et al. 2020, section 5.3); a layer is what lies in
    a ``ModuleList`` of the model, and the rest. Checkpoints are those of any other training: one
    file of whole tensors, written by the first process, so that a run may go on on one device, and
    the other way round. For a system with one optimizer, in 32-true or bf16-mixed.
    """

    def setup(self, trainer: pl.Trainer) -> None:
        system: Any = self.lightning_module
        assert self.accelerator is not None
        reject_unsupported(trainer, system, "trainer=fsdp")
        self.accelerator.setup(trainer)
        self.remember(system)
        self.model = system
        broadcast_from_rank0(system, self.root_device)
        # each layer goes to the device by itself and leaves but its share there
        shard(system.model, init_device_mesh(self.root_device.type, (self.world_size,)))
        self.model_to_device()
        self.setup_optimizers(trainer)
        self.setup_precision_plugin()

    def optimizer_state(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        state = getattr(optimizer, "optimizer", optimizer).state_dict()
        return tree_map(lambda v: self.kept(gather_full(v)) if isinstance(v, Tensor) else v, state)

    def load_optimizer_state_dict(self, checkpoint: Any) -> None:
        for optimizer, state in zip(self.optimizers, checkpoint["optimizer_states"], strict=True):
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            shared = {
                number: {name: _like(value, parameters[number]) for name, value in held.items()}
                for number, held in state["state"].items()
            }
            optimizer.load_state_dict(state | {"state": shared})


def shard(model: nn.Module, mesh: Any) -> None:
    """Split ``model`` over ``mesh``: its lists' larger modules each apart, then what is left."""
    least = LEAST * sum(p.numel() for p in model.parameters())
    lists = [part for part in model.modules() if isinstance(part, nn.ModuleList)]
    inner = {id(part) for each in lists for module in each for part in module.modules()}
    for each in lists:
        if id(each) in inner:
            continue
        for module in each:
            if sum(p.numel() for p in module.parameters()) >= least:
                fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)


def _like(value: Any, parameter: Tensor) -> Any:
    """What was remembered of a parameter, split as it is; a count of steps stays what it is."""
    if not isinstance(value, Tensor) or value.shape != parameter.shape:
        return value
    assert isinstance(parameter, DTensor)
    there = value.to(parameter.device)
    return distribute_tensor(there, parameter.device_mesh, parameter.placements)
