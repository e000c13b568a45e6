"""Freezing: which parts of a model a training changes (``train_only``)."""

from collections.abc import Sequence

from torch import nn

from tts.errors import UserError
from tts.modules.quantizer import Quantizer


def train_only(model: nn.Module, parts: Sequence[str] | str, key: str = "train_only") -> None:
    """Freeze ``model`` except for the named parts, ``["flow", "adaptor.flow"]``.

    Frozen modules also stay in evaluation mode: without dropout, the trained parts get the inputs
    that they get in synthesis, and no activations are kept for a gradient. Raises UserError, which
    names ``key``, for a part that does not exist or has no parameters.
    """
    parts = [parts] if isinstance(parts, str) else parts
    if not parts:
        raise UserError(f"{key}: no part is left to train; {_choices(model)}")
    model.requires_grad_(False)
    kept: set[nn.Module] = set()
    for part in parts:
        try:
            module = model.get_submodule(part) if part else None
        except AttributeError:
            module = None
        if module is None:
            raise UserError(f"{key}: this model has no part {part!r}; {_choices(model)}")
        module.requires_grad_(True)
        if not _learns(module):
            raise UserError(f"{key}: {part!r} has no parameters; {_choices(model)}")
        kept.update(module.modules())
    for module in model.modules():
        module.training = module in kept


def _learns(part: nn.Module) -> bool:
    """Return whether training changes ``part``: it has parameters, or codebooks."""
    return isinstance(part, Quantizer) or any(True for _ in part.parameters())


def _choices(model: nn.Module) -> str:
    found = [name for name, part in model.named_children() if _learns(part)]
    return f"choose from {', '.join(found)}, or parts of them (adaptor.flow)"
