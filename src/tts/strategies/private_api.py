"""Private parts of torch, Lightning and DeepSpeed that this project uses, all in one place.

None of them is a documented interface: a new release may change any of them. ``TESTED`` names the
releases with which the tests of ``tests/strategies`` pass; :func:`check_versions` warns at start
about another one.
"""

import logging
from argparse import Namespace
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from lightning.pytorch.plugins.precision import Precision
from lightning.pytorch.strategies import DeepSpeedStrategy
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from tts.plain_data import PlainData

__all__ = ["check_versions", "foreach_lerp_", "is_deepspeed_parameter", "tree_map"]

log = logging.getLogger(__name__)
TESTED = {"torch": "2.11", "lightning": "2.6", "deepspeed": "0.19"}  # major.minor


@rank_zero_only
def check_versions(option: str, *packages: str) -> None:
    """Warn when ``option`` uses private parts of a package in a release that was not tested."""
    for package in packages:
        try:
            installed = version(package)
        except PackageNotFoundError:
            continue
        if installed.split(".")[:2] != TESTED[package].split("."):
            log.warning(
                "%s uses private parts of %s: installed %s, tested with %s.*; if it fails, install "
                "the tested release",
                option, package, installed, TESTED[package],
            )  # fmt: skip


# torch


def foreach_lerp_(values: Sequence[Tensor], ends: Sequence[Tensor], weight: float) -> None:
    """Move each of ``values`` in place by the share ``weight`` towards its end."""
    torch._foreach_lerp_(list(values), list(ends), weight)


# Lightning


class OpenDeepSpeedStrategy(DeepSpeedStrategy):
    """Lightning's DeepSpeedStrategy with its private hooks under public names."""

    def adjust_config(self, config: PlainData) -> None:
        """Change DeepSpeed's config in place, after Lightning has completed it."""

    def choose_precision(self, plugin: Precision | None) -> Precision | None:
        """Return the precision plugin to use instead of ``plugin``."""
        return plugin

    def make_engine(self, model: nn.Module, optimizer: Any, lr_scheduler: Any) -> tuple[Any, Any]:
        """Return DeepSpeed's engine and wrapped optimizer; on CPUs too, unlike Lightning's."""
        import deepspeed

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

    def init_distributed(self) -> None:
        """Join the process group, without Lightning's check of device indices."""
        self.set_world_ranks()
        self._init_deepspeed_distributed()

    @property
    def precision_plugin(self) -> Precision:
        return super().precision_plugin

    @precision_plugin.setter
    def precision_plugin(self, plugin: Precision | None) -> None:
        self._precision_plugin = self.choose_precision(plugin)

    def _format_config(self) -> None:
        super()._format_config()
        assert isinstance(self.config, dict)
        self.adjust_config(self.config)

    def _setup_model_and_optimizer(
        self, model: nn.Module, optimizer: Any, lr_scheduler: Any = None
    ) -> Any:
        return self.make_engine(model, optimizer, lr_scheduler)


# DeepSpeed


def is_deepspeed_parameter(tensor: Tensor) -> bool:
    """Whether DeepSpeed manages the gradient and optimizer state of a parameter (any stage)."""
    return hasattr(tensor, "_hp_mapping") or is_partitioned(tensor)


def is_partitioned(tensor: Tensor) -> bool:
    """Whether DeepSpeed's stage 3 has sharded a parameter."""
    return hasattr(tensor, "ds_id")


def shard_size(parameter: Any) -> int:
    """Return the number of elements of a rank's shard in stage 3, padding included."""
    return parameter.ds_tensor.numel()


def disable_compiled_shared_memory() -> None:
    """Keep DeepSpeed from compiling its shared-memory communication between CPU processes."""
    from deepspeed import ops

    ops.__compatible_ops__["deepspeed_shm_comm"] = False


def wrapped_optimizer(engine: Any) -> torch.optim.Optimizer:
    """Return the optimizer that was given to DeepSpeed; it now steps flat shards."""
    return engine.optimizer.optimizer


def flat_shards(engine: Any, stage: int) -> list[Tensor]:
    """Return this rank's float32 shard of each parameter group."""
    zero = engine.optimizer
    return zero.fp32_partitioned_groups_flat if stage == 3 else zero.single_partition_of_fp32_groups


def link_optimizer_states(engine: Any, stage: int) -> None:
    """Let parameters find their part of the optimizer's state.

    DeepSpeed 0.19 does this once, after the first group's step, when the states of the other groups
    are still empty.
    """
    if stage < 3:
        engine.optimizer._hp_optimizer_states_linked = False
        engine.optimizer._lazy_init_hp_params_optimizer_state()
