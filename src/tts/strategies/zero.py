"""What the optimizer remembers, gradients and weights split among processes, by DeepSpeed."""

from argparse import Namespace
from contextlib import AbstractContextManager
from importlib.util import find_spec
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.plugins.precision import DeepSpeedPrecision, Precision
from lightning.pytorch.strategies import DDPStrategy, DeepSpeedStrategy, Strategy
from torch import Tensor, nn

from tts.errors import UserError
from tts.strategies.sharding import (
    ShardedStrategy,
    broadcast_from_rank0,
    of_deepspeed,
    reject_unsupported,
)


class Autocast(DeepSpeedPrecision):
    """``bf16-mixed`` as everywhere: weights and targets in 32 bits, products in 16.

    What DeepSpeed means by it are weights in 16 bits.
    """

    def __init__(self, strategy: Strategy) -> None:
        super().__init__("bf16-mixed")
        self._strategy = strategy

    def convert_input(self, data: Any) -> Any:
        return data

    def forward_context(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._strategy.root_device.type, torch.bfloat16)


class ZeROStrategy(ShardedStrategy, DeepSpeedStrategy):
    """ZeRO (Rajbhandari et al. 2020, section 5): ``stage`` 1 splits what the optimizer remembers, 2
    the gradients too, 3 the weights too.

    Checkpoints are those of any other training: one file of whole tensors, written by the first
    process, so that a run may go on on one device, or in another stage, and the other way round.
    For a system with one optimizer, in 32-true or bf16-mixed. DeepSpeed clips gradients itself.
    ``settings``: as of Lightning's DeepSpeedStrategy.
    """

    def __init__(self, stage: int, **settings: Any) -> None:
        if find_spec("deepspeed") is None:
            raise UserError(
                f"trainer=deepspeed_zero{stage} needs DeepSpeed: uv sync --inexact --extra "
                "deepspeed, or trainer=fsdp, which splits as much as stage 3 and needs nothing"
            )
        super().__init__(stage=stage, logging_batch_size_per_gpu=1, **settings)
        self.stage = stage
        self.splits_weights = stage == 3
        self._groups: list[list[nn.Parameter]] = []  # of the optimizer, as they were given to it
        self._told = False  # that the step under way is skipped

    @property
    def precision_plugin(self) -> Precision:
        return super().precision_plugin

    @precision_plugin.setter
    def precision_plugin(self, plugin: Precision | None) -> None:
        mixed = plugin is not None and plugin.precision == "bf16-mixed"
        self._precision_plugin = Autocast(self) if mixed else plugin

    def _format_config(self) -> None:
        super()._format_config()
        assert isinstance(self.config, dict)
        if self.config.pop("bf16", None):
            # DeepSpeed shuts out an autocast that is not its own; no module talks in 16 bits
            self.config["torch_autocast"] = {
                "enabled": True, "dtype": "bfloat16", "lower_precision_safe_modules": [],
            }  # fmt: skip

    @property
    def restore_checkpoint_after_setup(self) -> bool:
        return False

    @property
    def lightning_restore_optimizer(self) -> bool:
        return True

    def setup_environment(self) -> None:
        from deepspeed.accelerator import get_accelerator

        ours, theirs = self.root_device.type, get_accelerator().device_name().split(":")[0]
        if ours != theirs:
            raise UserError(
                f"trainer.accelerator is {ours} and DeepSpeed's {theirs}: set "
                f"DS_ACCELERATOR={ours} in the environment"
            )
        DDPStrategy.setup_environment(self)

    def setup_distributed(self) -> None:
        if self.root_device.type == "cuda":
            super().setup_distributed()
            return
        # without Lightning's look at the numbers of devices, which cores have not, and without
        # a faster way between processes of one machine, which would be compiled first
        from deepspeed import ops

        ops.__compatible_ops__["deepspeed_shm_comm"] = False
        self.set_world_ranks()
        self._init_deepspeed_distributed()

    def setup(self, trainer: pl.Trainer) -> None:
        system: Any = self.lightning_module
        reject_unsupported(trainer, system, f"trainer=deepspeed_zero{self.stage}")
        if trainer.accumulate_grad_batches > 1:
            raise UserError(
                f"trainer=deepspeed_zero{self.stage}: trainer.accumulate_grad_batches must be 1; "
                "raise data.frames_per_batch, or use trainer=fsdp"
            )
        self.remember(system)
        broadcast_from_rank0(system, self.root_device)
        super().setup(trainer)

    def _setup_model_and_optimizer(
        self, model: nn.Module, optimizer: Any, lr_scheduler: Any = None
    ) -> Any:
        """As Lightning's, with cores for devices too; the groups are remembered."""
        import deepspeed

        self._groups = [list(group["params"]) for group in optimizer.param_groups]
        engine, wrapped, _, _ = deepspeed.initialize(
            args=Namespace(device_rank=self.root_device.index or 0),
            config=self.config,
            model=model,
            model_parameters=[p for p in model.parameters() if p.requires_grad],
            optimizer=optimizer,
            lr_scheduler=lr_scheduler,
            dist_init_required=False,
        )
        return engine, wrapped

    def optimizer_step(self, optimizer: Any, closure: Any, model: Any = None, **more: Any) -> Any:
        engine: Any = self.deepspeed_engine
        before = engine.skipped_steps
        result = super().optimizer_step(optimizer, closure, model, **more)
        skipped = engine.skipped_steps > before
        self.skipped_by_itself = skipped and not self._told
        self._told = False
        norm = engine.get_global_grad_norm()
        if norm is not None and not skipped:
            assert self.lightning_module is not None
            self.lightning_module.log("train/gradient_norm", float(norm))
        return result

    def skip(self, parameters: list[nn.Parameter]) -> None:
        """DeepSpeed passes over a step whose gradient is no number, so it gets such a one."""
        from deepspeed.utils import (
            safe_get_full_grad,
            safe_get_local_grad,
            safe_set_full_grad,
            safe_set_local_grad,
        )

        self._told = True
        for one in self._groups[0][:1]:
            if self.stage == 3:
                safe_set_local_grad(one, torch.full_like(safe_get_local_grad(one), torch.inf))
            else:
                safe_set_full_grad(one, torch.full_like(safe_get_full_grad(one), torch.inf))

    def optimizer_state(self, optimizer: Any) -> dict[str, Any]:
        from deepspeed.utils import safe_get_full_optimizer_state

        inner = self._inner()
        held: dict[str, Any] = next((state for state in inner.state.values() if state), {})
        if held:
            self._link()
        numbers, groups, number = {}, [], 0
        for group, parameters in zip(inner.param_groups, self._groups, strict=True):
            places = list(range(number, number + len(parameters)))
            number += len(parameters)
            groups.append(group | {"params": places})
            for place, parameter in zip(places, parameters, strict=True):
                numbers[place] = {
                    name: self.kept(safe_get_full_optimizer_state(parameter, name))
                    if value.ndim
                    else value.cpu().clone()  # what is one in a file stays one when it is read
                    for name, value in held.items()
                }
        return {"state": numbers if held else {}, "param_groups": groups}

    def load_optimizer_state_dict(self, checkpoint: Any) -> None:
        [saved] = checkpoint["optimizer_states"]
        parameters = [parameter for group in self._groups for parameter in group]
        inner, state = self._inner(), saved["state"]
        for group, old in zip(inner.param_groups, saved["param_groups"], strict=True):
            group.update({key: value for key, value in old.items() if key != "params"})
        if state:
            self._make_room(inner, next(iter(state.values())))
        for place, parameter in enumerate(parameters):
            for name, value in state.get(place, {}).items():
                if value.ndim:
                    _set(parameter, value, name)

    def load_checkpoint(self, checkpoint_path: Any, weights_only: bool | None = None) -> Any:
        return DDPStrategy.load_checkpoint(self, checkpoint_path, weights_only)

    def load_model_state_dict(self, checkpoint: Any, strict: bool = True) -> None:
        DDPStrategy.load_model_state_dict(self, checkpoint, strict)

    def save_checkpoint(self, checkpoint: Any, filepath: Any, storage_options: Any = None) -> None:
        DDPStrategy.save_checkpoint(self, checkpoint, filepath, storage_options)

    def _inner(self) -> torch.optim.Optimizer:
        """The optimizer that was given to DeepSpeed, which steps flat shares by now."""
        engine: Any = self.deepspeed_engine
        return engine.optimizer.optimizer

    def _make_room(self, inner: torch.optim.Optimizer, example: dict[str, Tensor]) -> None:
        """What a first step would make in the optimizer's memory."""
        engine: Any = self.deepspeed_engine
        zero = engine.optimizer
        flat = (
            zero.fp32_partitioned_groups_flat
            if self.stage == 3
            else zero.single_partition_of_fp32_groups
        )
        # some kernels count steps on the device
        there = any(group.get("fused") or group.get("capturable") for group in inner.param_groups)
        for share in flat:
            inner.state[share] = {
                name: torch.zeros_like(share, requires_grad=False)
                if value.ndim
                else value.clone().to(share.device if there else "cpu")
                for name, value in example.items()
            }
        self._link()

    def _link(self) -> None:
        """Parameters find their part of the optimizer's memory.

        DeepSpeed 0.19 does so after the first group's first step, when the others' is yet empty.
        """
        engine: Any = self.deepspeed_engine
        if self.stage < 3:
            engine.optimizer._hp_optimizer_states_linked = False
            engine.optimizer._lazy_init_hp_params_optimizer_state()


def _set(parameter: Any, value: Tensor, name: str) -> None:
    """This process's share of what is remembered of a parameter, by its name."""
    from deepspeed import utils

    assert of_deepspeed(parameter)
    if not hasattr(parameter, "ds_id"):
        utils.safe_set_full_optimizer_state(parameter, value, name)
        return
    size = parameter.ds_tensor.numel()  # the last shares are padded
    begin = size * torch.distributed.get_rank()
    mine = value.flatten()[begin : begin + size]
    mine = torch.nn.functional.pad(mine, (0, size - len(mine)))
    utils.safe_set_local_optimizer_state(parameter, mine, name)
