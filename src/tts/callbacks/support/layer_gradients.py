"""Gradient statistics of each layer of a model."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
from torch import nn

from tts.strategies.sharding import gather_full, gather_full_gradient


class LayerGradient(NamedTuple):
    """One layer's gradient at one step."""

    norm: float
    size: int  # entries
    zero_share: float  # of entries
    non_finite_share: float  # of entries

    @property
    def rms(self) -> float:
        """Root mean square of the entries."""
        return self.norm / math.sqrt(self.size)


def layer_gradients(
    named: Iterable[tuple[str, nn.Parameter]], depth: int
) -> dict[str, LayerGradient]:
    """Return each layer's gradient statistics, with one transfer from the device for all."""
    layers: dict[str, list[nn.Parameter]] = {}
    for name, p in named:
        layers.setdefault(layer_name(name, depth), []).append(p)
    rows, sizes = [], []
    for members in layers.values():
        found = [(p, gather_full_gradient(p)) for p in members]
        grads = [torch.zeros_like(gather_full(p)) if grad is None else grad for p, grad in found]
        sizes.append(sum(grad.numel() for grad in grads))
        rows.append(
            torch.stack(
                [
                    torch.stack([g.float().square().sum() for g in grads]).sum().sqrt(),
                    torch.stack([(g == 0).sum() for g in grads]).sum().float(),
                    torch.stack([(~torch.isfinite(g)).sum() for g in grads]).sum().float(),
                ]
            )
        )
    gradients: dict[str, LayerGradient] = {}
    if not rows:  # a model without parameters
        return gradients
    for name, size, row in zip(layers, sizes, torch.stack(rows).tolist(), strict=True):
        norm, zeros, non_finite = row
        gradients[name] = LayerGradient(norm, size, zeros / size, non_finite / size)
    return gradients


def layer_name(parameter: str, depth: int) -> str:
    """``encoder.blocks.0.mixer.layer.weight`` -> ``encoder.blocks.0`` at a depth of 3."""
    return ".".join(parameter.split(".")[:-1][:depth]) or parameter


def by_part(gradients: Mapping[str, LayerGradient]) -> dict[str, list[LayerGradient]]:
    """Group the layers by the first part of their names."""
    parts: dict[str, list[LayerGradient]] = {}
    for layer, layer_gradient in gradients.items():
        parts.setdefault(layer.split(".")[0], []).append(layer_gradient)
    return parts
