"""Which parts of a model a training changes."""

from collections.abc import Sequence

from torch import nn

from tts.errors import UserError


def train_only(model: nn.Module, parts: Sequence[str] | str, key: str = "train_only") -> None:
    """Freeze ``model`` but for the named parts, ``["flow", "adaptor.flow"]``.

    What is frozen also stays in evaluation mode (Lightning leaves it so): without dropout, the
    trained parts see what they will see when the model speaks, and nothing is kept for a gradient.
    Raises UserError for a part that the model does not have or that has nothing to train.
    """
    parts = [parts] if isinstance(parts, str) else parts
    if not parts:
        raise UserError(f"{key}: nothing is left to train; {_there_are(model)}")
    model.requires_grad_(False)
    kept: set[nn.Module] = set()
    for part in parts:
        try:
            module = model.get_submodule(part) if part else None
        except AttributeError:
            module = None
        if module is None:
            raise UserError(f"{key}: this model has no part {part!r}; {_there_are(model)}")
        module.requires_grad_(True)
        if not any(True for _ in module.parameters()):
            raise UserError(f"{key}: {part!r} has nothing to train; {_there_are(model)}")
        kept.update(module.modules())
    for module in model.modules():
        module.training = module in kept


def _there_are(model: nn.Module) -> str:
    found = [name for name, part in model.named_children() if any(True for _ in part.parameters())]
    return f"there are {', '.join(found)}, and their own parts (adaptor.flow)"
