"""Memory that a model needs to be trained, compared with what the machine has."""

import lightning.pytorch as pl
import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

from tts.callbacks.support.trained_system import trained_system
from tts.config.value_checks import shown, source_key
from tts.errors import UserError
from tts.memory import available_memory

GIB = 2**30
# bytes of a value: itself; its gradient; the two moments of Adam, all in fp32. Activations are not
# counted: they depend on the batch
WEIGHT, TRAINED = 4, 16


def require_memory(config: DictConfig, system: pl.LightningModule, trainer: pl.Trainer) -> None:
    """Raise UserError for a model that cannot be trained on this machine, before it is allocated.

    ``system`` may be on the meta device. The message says what it needs and which keys make it
    smaller.
    """
    values = sum(p.numel() for p in system.parameters())
    partly = config.train_only is not None or config.distill_from
    needed = values * (WEIGHT if partly else TRAINED)
    device, available = _device_memory(trainer)
    if hasattr(trainer.strategy, "gather_full_model"):  # sharded over all processes
        needed //= trainer.world_size
    if device == "this machine":
        needed *= trainer.num_devices
    if available is None or needed <= available:
        return
    raise UserError(
        f"the model is too large: {values / 1e9:.1f} billion values need {needed / GIB:.0f} GiB "
        f"to be trained, without any batch, and {device} has {available / GIB:.0f} GiB free; "
        f"lower {smaller(config, trained_system(system).model)}"
    )


def smaller(config: DictConfig, model: nn.Module) -> str:
    """Name the settings, with their values, that make the largest part of ``model`` smaller."""
    parts = {
        name: sum(p.numel() for p in part.parameters()) for name, part in model.named_children()
    }
    largest = max(parts, key=parts.__getitem__, default="")
    found = {}
    for section in (f"model.{largest}", "model"):
        node = OmegaConf.select(config, section)
        for name in node if OmegaConf.is_dict(node) else ():
            key, value = source_key(config, f"{section}.{name}"), node[name]
            if key.startswith("size.") and type(value) is int:
                found[key] = value
    named = [f"{key}={shown(value)}" for key, value in found.items()]
    return " or ".join(named) if named else "model/size"


def _device_memory(trainer: pl.Trainer) -> tuple[str, int | None]:
    """Return the name of what the model is trained on and its free bytes, None if unknown."""
    device = trainer.strategy.root_device
    if device.type == "cuda":
        return f"the GPU {device}", torch.cuda.mem_get_info(device)[0]
    return "this machine", available_memory() if device.type == "cpu" else None
