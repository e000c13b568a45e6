"""Types of settings of classes from torch, Lightning and Optuna, whose annotations are loose."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypedDict

from tts.bounds import (
    AtLeastOne,
    Bound,
    Count,
    NonNegative,
    Positive,
    Seed,
    Share,
    ShareBelowOne,
    Steps,
)  # fmt: skip
from tts.config.declared_types import Part, fields

Batches = Count | Share | None  # a number, or a share of all
NoLimit = Literal[-1]


class Optimizer(TypedDict):
    """Settings of the classes in torch.optim, by the names that they share."""

    lr: Positive
    betas: tuple[ShareBelowOne, ShareBelowOne]
    eps: NonNegative
    weight_decay: NonNegative
    momentum: Share
    dampening: Share
    alpha: Share
    fused: bool | None
    foreach: bool | None


class Trainer(TypedDict):
    """Settings of Lightning's Trainer; ``callbacks`` and ``logger`` are groups of their own."""

    accelerator: str
    strategy: str | Part
    devices: Count | Literal[-1, "auto"] | list[Steps] | str
    num_nodes: Count
    precision: Literal["auto", "bf16-mixed", "32-true", "16-mixed", "bf16-true"]
    fast_dev_run: bool | Steps
    max_epochs: NoLimit | Count | None
    min_epochs: Steps | None
    max_steps: NoLimit | Count
    min_steps: Steps | None
    limit_train_batches: Batches
    limit_val_batches: Batches
    limit_test_batches: Batches
    limit_predict_batches: Batches
    overfit_batches: Count | Share
    val_check_interval: Count
    check_val_every_n_epoch: Count | None
    num_sanity_val_steps: NoLimit | Steps | None
    log_every_n_steps: Count
    accumulate_grad_batches: Count
    gradient_clip_val: Positive | None
    gradient_clip_algorithm: Literal["norm", "value"] | None
    deterministic: bool | Literal["warn"] | None
    reload_dataloaders_every_n_epochs: Steps
    profiler: str | Part | None
    plugins: list[Part] | Part | None


class TensorBoardLogger(TypedDict):
    """Settings of Lightning's TensorBoardLogger."""

    save_dir: str
    name: str | None
    version: int | str | None
    max_queue: Count
    flush_secs: Count


class CSVLogger(TypedDict):
    """Settings of Lightning's CSVLogger."""

    flush_logs_every_n_steps: Count


class WeightAveraging(TypedDict):
    """Settings of Lightning's EMAWeightAveraging."""

    decay: Share
    update_every_n_steps: Count
    update_starting_at_step: Steps | None
    update_starting_at_epoch: Steps | None


class Loss(TypedDict):
    """Settings of the distances in torch.nn.functional."""

    delta: Positive
    beta: NonNegative
    reduction: Literal["none", "mean", "sum"]


class Sampler(TypedDict):
    """Settings of Optuna's samplers and pruners."""

    seed: Seed | None
    n_startup_trials: Steps
    n_warmup_steps: Steps
    interval_steps: Count
    n_min_trials: Count
    n_ei_candidates: Count
    prior_weight: Positive | None
    multivariate: bool | None
    percentile: Annotated[float, Bound(least=0, most=100)]
    min_resource: Count
    reduction_factor: AtLeastOne


class Sharding(TypedDict):
    """Settings of Lightning's DeepSpeedStrategy."""

    stage: Literal[0, 1, 2, 3]
    reduce_bucket_size: Count
    allgather_bucket_size: Count
    initial_scale_power: Steps
    loss_scale_window: Count


# by the start of the target's full name, or that of a class it extends
TYPES: dict[str, type] = {
    "torch.optim.": Optimizer,
    "lightning.pytorch.trainer.trainer.Trainer": Trainer,
    "lightning.pytorch.loggers.tensorboard.TensorBoardLogger": TensorBoardLogger,
    "lightning.pytorch.loggers.csv_logs.CSVLogger": CSVLogger,
    "lightning.pytorch.callbacks.weight_averaging.EMAWeightAveraging": WeightAveraging,
    "lightning.pytorch.strategies.deepspeed.DeepSpeedStrategy": Sharding,
    "torch.nn.functional.": Loss,
    "optuna.": Sampler,
}
GIVEN_BY_CODE = {"lightning.pytorch.trainer.trainer.Trainer": ("callbacks", "logger")}


def foreign_types(target: Callable[..., object]) -> dict[str, Any]:
    """Return the types that replace the annotations of ``target``, by parameter."""
    for name in _names(target):
        for start, declaration in TYPES.items():
            if name.startswith(start):
                return fields(declaration)
    return {}


def given_by_code(target: Callable[..., object]) -> tuple[str, ...]:
    """Return the parameters of ``target`` that no config may set."""
    names = [GIVEN_BY_CODE.get(name, ()) for name in _names(target)]
    return tuple(parameter for each in names for parameter in each)


def _names(target: Any) -> list[str]:
    """Return the full names of a function, or of a class and those that it extends."""
    kinds = target.__mro__ if isinstance(target, type) else (target,)
    return [f"{kind.__module__}.{getattr(kind, '__qualname__', '')}" for kind in kinds]
