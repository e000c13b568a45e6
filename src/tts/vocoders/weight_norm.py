"""Weight normalization for training (Salimans & Kingma 2016).

Models are made without it and their voices are stored without it: a voice that is trained on gets
it anew, with the same weights, and ``tts.checkpoint`` folds it away.
"""

from typing import TypeVar

from torch import nn
from torch.nn.utils.parametrizations import weight_norm

Module = TypeVar("Module", bound=nn.Module)


def normalize_weights(module: Module) -> Module:
    """Weight-normalize every dense convolution of a model that asks for it; its output stays."""
    if getattr(module, "weight_normalized", False):
        for part in module.modules():
            if isinstance(part, nn.Conv1d | nn.ConvTranspose1d):
                weight_norm(part)
    return module
