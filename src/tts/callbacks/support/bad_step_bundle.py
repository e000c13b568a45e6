"""Bad step bundle: everything needed to run a skipped training step again, in one file."""

from pathlib import Path
from typing import NamedTuple

import lightning.pytorch as pl
import torch
from lightning.pytorch.plugins import MixedPrecision
from torch import Tensor

from tts.batch import Batch, Clips
from tts.callbacks.support.datamodule import datamodule
from tts.callbacks.support.layer_gradients import layer_gradients
from tts.callbacks.support.trained_system import trained_system
from tts.checkpoint import save_atomic
from tts.strategies.private_api import is_deepspeed_parameter
from tts.strategies.sharding import gather_full

LAYER_DEPTH = 4  # of the gradient norms


class BackwardRecord(NamedTuple):
    """One backward pass: its input and its loss."""

    batch: Batch | Clips
    random: dict[str, Tensor]  # random states before the batch
    loss: Tensor
    optimizer: int = 0  # index of the optimizer that it is for


def snapshot(pl_module: pl.LightningModule) -> dict[str, object]:
    """Return the full weights and each layer's gradient norm (collective: call on every rank)."""
    named = pl_module.named_parameters()
    stepping = [(name, p) for name, p in named if p.grad is not None or is_deepspeed_parameter(p)]
    gradients = layer_gradients(stepping, LAYER_DEPTH)
    return {
        "gradient_norms": {name: layer.norm for name, layer in gradients.items()},
        "state_dict": {
            name: gather_full(value).detach().cpu()
            for name, value in pl_module.state_dict(keep_vars=True).items()
        },
    }


def write_bundle(
    path: Path,
    trainer: pl.Trainer,
    record: BackwardRecord,
    loss: float,
    reason: str,
    weights: dict[str, object],
) -> None:
    """Write the bundle of a skipped step. ``weights``: its :func:`snapshot`."""
    bundle = {
        "reason": reason,
        "step": trainer.global_step,
        "loss": loss,
        "utterances": utterance_names(trainer, record.batch),
        "batch": {
            name: value.cpu()
            for name, value in record.batch._asdict().items()
            if isinstance(value, Tensor)
        },
        "random": record.random,
        "amp_scale": amp_scale(trainer),
        "precision": str(trainer.precision),
        **weights,
        **trained_system(trainer.lightning_module).card,
    }
    save_atomic(bundle, path)


def amp_scale(trainer: pl.Trainer) -> float | None:
    """Return the scale of the float16 losses; None at other precisions."""
    scaler = grad_scaler(trainer)
    return None if scaler is None else float(scaler.get_scale())


def grad_scaler(trainer: pl.Trainer) -> torch.amp.GradScaler | None:
    """Return the scaler of the float16 losses; None at other precisions."""
    plugin = trainer.precision_plugin
    return plugin.scaler if isinstance(plugin, MixedPrecision) else None


def utterance_names(trainer: pl.Trainer, batch: Batch | Clips) -> list[str]:
    """Return the ids of a batch's utterances; none if the batch does not have their indices."""
    if batch.utterance is None:
        return []
    data = datamodule(trainer)
    return [data.utterance_id(row) for row in batch.utterance.tolist()]
