"""ZeRO strategy: optimizer state, gradients and weights sharded by DeepSpeed."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.plugins.precision import DeepSpeedPrecision, Precision
from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch import Tensor, nn

from tts.errors import UserError
from tts.plain_data import PlainData
from tts.project_files import install_advice
from tts.strategies.private_api import (
    OpenDeepSpeedStrategy,
    check_versions,
    disable_compiled_shared_memory,
    flat_shards,
    is_deepspeed_parameter,
    is_partitioned,
    link_optimizer_states,
    shard_size,
    wrapped_optimizer,
)
from tts.strategies.sharding import ShardedStrategy, broadcast_from_rank0, reject_unsupported


class Autocast(DeepSpeedPrecision):
    """``bf16-mixed`` as with other strategies: float32 weights and targets, bfloat16 products.

    DeepSpeed's own bf16 has bfloat16 weights.
    """

    def __init__(self, strategy: Strategy) -> None:
        super().__init__("bf16-mixed")
        self._strategy = strategy

    def convert_input(self, data: object) -> object:
        return data

    def forward_context(self) -> AbstractContextManager[object]:
        return torch.autocast(self._strategy.root_device.type, torch.bfloat16)


class ZeROStrategy(ShardedStrategy, OpenDeepSpeedStrategy):
    """ZeRO (Rajbhandari et al. 2020, section 5) by DeepSpeed.

    ``stage``: 1 shards the optimizer's state, 2 the gradients too, 3 the weights too; ``options``:
    of Lightning's ``DeepSpeedStrategy``. A checkpoint is one file of full tensors written by rank
    0, as of any other strategy, so that a run can resume on one device or in another stage, and the
    other way round. For a system with one optimizer, in 32-true or bf16-mixed. DeepSpeed clips
    gradients itself. Raises UserError without DeepSpeed.
    """

    def __init__(self, stage: int, **options: Any) -> None:
        if find_spec("deepspeed") is None:
            raise UserError(
                f"trainer=deepspeed_zero{stage} needs DeepSpeed: run "
                f"`{install_advice('deepspeed')}`, or use trainer=fsdp, which shards like stage 3"
            )
        super().__init__(stage=stage, logging_batch_size_per_gpu=1, **options)
        self.stage = stage
        self.shards_weights = stage == 3
        self._groups: list[list[nn.Parameter]] = []  # the optimizer's parameters before sharding
        self._skip_requested = False  # whether the step under way is to be skipped

    def choose_precision(self, plugin: Precision | None) -> Precision | None:
        mixed = plugin is not None and plugin.precision == "bf16-mixed"
        return Autocast(self) if mixed else plugin

    def adjust_config(self, config: PlainData) -> None:
        if config.pop("bf16", None):
            # DeepSpeed disables an autocast that is not in its config
            config["torch_autocast"] = {
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

        device, expected = self.root_device.type, get_accelerator().device_name().split(":")[0]
        if device != expected:
            raise UserError(
                f"trainer.accelerator is {device}, but DeepSpeed uses {expected}: set "
                f"DS_ACCELERATOR={device} in the environment"
            )
        DDPStrategy.setup_environment(self)  # Lightning's DeepSpeedStrategy refuses CPUs here

    def setup_distributed(self) -> None:
        if self.root_device.type == "cuda":
            super().setup_distributed()
            return
        disable_compiled_shared_memory()
        self.init_distributed()

    def setup(self, trainer: pl.Trainer) -> None:
        system: Any = self.lightning_module
        option = f"trainer=deepspeed_zero{self.stage}"
        check_versions(option, "deepspeed", "lightning")
        reject_unsupported(trainer, system, option)
        if trainer.accumulate_grad_batches > 1:
            raise UserError(
                f"{option}: trainer.accumulate_grad_batches must be 1; raise data.frames_per_batch "
                "instead, or use trainer=fsdp"
            )
        self.keep_full_copy(system)
        system.model.sharded = self.shards_weights
        broadcast_from_rank0(system, self.root_device)
        super().setup(trainer)

    def make_engine(self, model: nn.Module, optimizer: Any, lr_scheduler: Any) -> tuple[Any, Any]:
        self._groups = [list(group["params"]) for group in optimizer.param_groups]
        return super().make_engine(model, optimizer, lr_scheduler)

    @property
    def _engine(self) -> Any:
        return self.deepspeed_engine

    def optimizer_step(self, optimizer: Any, closure: Any, model: Any = None, **more: Any) -> Any:
        before = self._engine.skipped_steps
        result = super().optimizer_step(optimizer, closure, model, **more)
        skipped = self._engine.skipped_steps > before
        self.overflow_skipped = skipped and not self._skip_requested
        self._skip_requested = False
        norm = self._engine.get_global_grad_norm()
        if norm is not None and not skipped:
            assert self.lightning_module is not None
            self.lightning_module.log("train/gradient_norm", float(norm))
        return result

    def skip_next_step(self, parameters: Sequence[nn.Parameter]) -> None:
        """Set a gradient to infinity: DeepSpeed skips a step whose gradient norm is infinite."""
        from deepspeed.utils import (
            safe_get_full_grad,
            safe_get_local_grad,
            safe_set_full_grad,
            safe_set_local_grad,
        )

        self._skip_requested = True
        for parameter in self._groups[0][:1]:
            if self.stage == 3:
                gradient = torch.full_like(safe_get_local_grad(parameter), torch.inf)
                safe_set_local_grad(parameter, gradient)
            else:
                gradient = torch.full_like(safe_get_full_grad(parameter), torch.inf)
                safe_set_full_grad(parameter, gradient)

    def optimizer_state(self, optimizer: object) -> PlainData:
        """Return the full state in the format of the optimizer that was given to DeepSpeed."""
        from deepspeed.utils import safe_get_full_optimizer_state

        inner = wrapped_optimizer(self._engine)
        shard: PlainData = next((state for state in inner.state.values() if state), {})
        if shard:
            link_optimizer_states(self._engine, self.stage)
        states, groups, number = {}, [], 0
        for group, parameters in zip(inner.param_groups, self._groups, strict=True):
            numbers = list(range(number, number + len(parameters)))
            number += len(parameters)
            groups.append(group | {"params": numbers})
            for index, parameter in zip(numbers, parameters, strict=True):
                states[index] = {
                    name: self.on_rank0(safe_get_full_optimizer_state(parameter, name))
                    if value.ndim
                    else value.cpu().clone()  # a step count shared by all, saved apart for each
                    for name, value in shard.items()
                }
        return {"state": states if shard else {}, "param_groups": groups}

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        [saved] = checkpoint["optimizer_states"]
        parameters = [parameter for group in self._groups for parameter in group]
        inner, state = wrapped_optimizer(self._engine), saved["state"]
        for group, old in zip(inner.param_groups, saved["param_groups"], strict=True):
            group.update({key: value for key, value in old.items() if key != "params"})
        if state:
            self._allocate_state(inner, next(iter(state.values())))
        for number, parameter in enumerate(parameters):
            for name, value in state.get(number, {}).items():
                if value.ndim:
                    _set_state(parameter, value, name)

    def load_checkpoint(
        self, checkpoint_path: str | Path, weights_only: bool | None = None
    ) -> PlainData:
        return DDPStrategy.load_checkpoint(self, checkpoint_path, weights_only)

    def load_model_state_dict(self, checkpoint: Mapping[str, Any], strict: bool = True) -> None:
        DDPStrategy.load_model_state_dict(self, checkpoint, strict)

    def save_checkpoint(
        self, checkpoint: PlainData, filepath: str | Path, storage_options: object = None
    ) -> None:
        DDPStrategy.save_checkpoint(self, checkpoint, filepath, storage_options)

    def _allocate_state(self, inner: torch.optim.Optimizer, example: Mapping[str, Tensor]) -> None:
        """Allocate the state that a first step would, with the fields of ``example``."""
        # some kernels count steps on the device
        on_device = any(g.get("fused") or g.get("capturable") for g in inner.param_groups)
        for shard in flat_shards(self._engine, self.stage):
            inner.state[shard] = {
                name: torch.zeros_like(shard, requires_grad=False)
                if value.ndim
                else value.clone().to(shard.device if on_device else "cpu")
                for name, value in example.items()
            }
        link_optimizer_states(self._engine, self.stage)


def _set_state(parameter: nn.Parameter, value: Tensor, name: str) -> None:
    """Write this rank's shard of a parameter's optimizer state."""
    from deepspeed import utils

    assert is_deepspeed_parameter(parameter)
    if not is_partitioned(parameter):
        utils.safe_set_full_optimizer_state(parameter, value, name)
        return
    size = shard_size(parameter)  # the last shards are padded
    begin = size * torch.distributed.get_rank()
    own = value.flatten()[begin : begin + size]
    own = torch.nn.functional.pad(own, (0, size - len(own)))
    utils.safe_set_local_optimizer_state(parameter, own, name)
