"""Which parameters are optimized how."""

from collections.abc import Iterable
from typing import Any

from torch import nn


def parameter_groups(*modules: nn.Module) -> Iterable[dict[str, Any]]:
    """Weight decay for matrices alone.

    Biases, norms, gains and other vectors (a state-space decay among them) mean something at their
    own scale, and pulling them to zero breaks it.
    """
    trainable = [p for module in modules for p in module.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in trainable if p.ndim >= 2]},
        {"params": [p for p in trainable if p.ndim < 2], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]] or groups
