"""FSDP strategy: weights, gradients and optimizer state sharded by torch's FSDP2."""

from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from tts.plain_data import PlainData
from tts.strategies.private_api import check_versions, tree_map
from tts.strategies.sharding import (
    ShardedStrategy,
    broadcast_from_rank0,
    gather_full,
    reject_unsupported,
)

SMALLEST = 0.01  # share of the model's parameters from which a layer is a unit of its own


class FSDPStrategy(ShardedStrategy, DDPStrategy):
    """Each process holds a shard of every weight and of the optimizer's state.

    A unit's weights are gathered when it runs, and its gradients are reduced and sharded when they
    are computed (Zhao et al. 2023; ZeRO stage 3, Rajbhandari et al. 2020, section 5.3). A unit is a
    layer in one of the model's ``ModuleList``s, or the rest. A checkpoint is one file of full
    tensors written by rank 0, as of any other strategy, so that a run can resume on one device and
    the other way round. For a system with one optimizer, in 32-true or bf16-mixed.
    """

    def setup(self, trainer: pl.Trainer) -> None:
        system: Any = self.lightning_module
        assert self.accelerator is not None
        check_versions("trainer=fsdp", "torch", "lightning")
        reject_unsupported(trainer, system, "trainer=fsdp")
        self.accelerator.setup(trainer)
        self.keep_full_copy(system)
        system.model.sharded = True
        self.model = system
        broadcast_from_rank0(system, self.root_device)
        # before the model is on the device, so that each layer leaves only its shard there
        shard(system.model, init_device_mesh(self.root_device.type, (self.world_size,)))
        self.model_to_device()
        self.setup_optimizers(trainer)
        self.setup_precision_plugin()

    def optimizer_state(self, optimizer: torch.optim.Optimizer | LightningOptimizer) -> PlainData:
        # Lightning may hand over its wrapper
        inner = optimizer.optimizer if isinstance(optimizer, LightningOptimizer) else optimizer
        return tree_map(
            lambda v: self.on_rank0(gather_full(v)) if isinstance(v, Tensor) else v,
            inner.state_dict(),
        )

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        for optimizer, state in zip(self.optimizers, checkpoint["optimizer_states"], strict=True):
            parameters = [p for group in optimizer.param_groups for p in group["params"]]
            sharded = {
                number: {
                    name: _shard_like(value, parameters[number]) for name, value in full.items()
                }
                for number, full in state["state"].items()
            }
            optimizer.load_state_dict(state | {"state": sharded})


def shard(model: nn.Module, mesh: DeviceMesh) -> None:
    """Shard ``model`` over ``mesh``: the larger layers of its outer lists, then what is left."""
    smallest = SMALLEST * sum(p.numel() for p in model.parameters())
    lists = [part for part in model.modules() if isinstance(part, nn.ModuleList)]
    inner = {id(part) for each in lists for module in each for part in module.modules()}
    for each in lists:
        if id(each) in inner:
            continue
        for module in each:
            if sum(p.numel() for p in module.parameters()) >= smallest:
                fully_shard(module, mesh=mesh)
    fully_shard(model, mesh=mesh)


def _shard_like(value: object, parameter: Tensor) -> object:
    """Shard a value of the optimizer's state as its parameter is; a step count stays as it is."""
    if not isinstance(value, Tensor) or value.shape != parameter.shape:
        return value
    assert isinstance(parameter, DTensor)
    on_device = value.to(parameter.device)
    return distribute_tensor(on_device, parameter.device_mesh, parameter.placements)
