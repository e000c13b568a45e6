"""Weight normalization for training vocoders (Salimans & Kingma 2016).

Models are built and saved without it: ``tts.checkpoint`` folds it into plain weights, and a saved
voice that is trained further gets it again, with the same weights.
"""

from typing import TypeVar

from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from tts.vocoders.vocoder import Vocoder

Module = TypeVar("Module", bound=nn.Module)


def normalize_weights(module: Module) -> Module:
    """Weight-normalize the convolutions if ``weight_normalized``; outputs stay the same."""
    if isinstance(module, Vocoder) and module.weight_normalized:
        for part in module.modules():
            if isinstance(part, nn.Conv1d | nn.ConvTranspose1d):
                weight_norm(part)
    return module
