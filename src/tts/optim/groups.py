"""Parameter groups: weight decay for matrices only."""

from torch import nn


def parameter_groups(*modules: nn.Module) -> list[dict[str, object]]:
    """Return an optimizer's groups of the trainable parameters of ``modules``.

    Biases, norms, gains and other vectors (such as a state-space decay) are excluded from weight
    decay: zero is not a neutral value for them.
    """
    trainable = [p for module in modules for p in module.parameters() if p.requires_grad]
    groups: list[dict[str, object]] = [
        {"params": [p for p in trainable if p.ndim >= 2]},
        {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]] or groups
