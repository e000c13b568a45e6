"""Whether a model is being exported as a graph, in which lengths are variables."""

import torch


def is_exporting() -> bool:
    """Return whether torch.export or torch.onnx.export is recording this call."""
    return torch.compiler.is_exporting() or torch.jit.is_tracing()
