"""Whether a model is being exported as a graph, in which lengths are variables."""

import torch


def is_exporting() -> bool:
    """Return whether torch.export or torch.onnx.export is recording this call."""
    return torch.compiler.is_exporting() or torch.jit.is_tracing()


def fixed_sizes(*sizes: int) -> list[int]:
    """Return sizes as numbers that an exported graph fixes; a trace has tensors in their place."""
    return [int(size) for size in sizes]
