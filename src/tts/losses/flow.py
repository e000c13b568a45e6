"""What a field that is to follow straight paths has to pay."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from tts.masks import masked_mean


class FlowMatchingLoss(nn.Module):
    """Mean squared error of the velocity, per real position and channel (Lipman et al. 2023).

    ``of``: the part of the model's output that holds it; a model without it pays nothing.
    Velocities are in the residual's own deviations. 0 is out of reach where many paths cross at
    one point, since the field is their mean there; of independent Gaussians it is pi / 2.
    """

    def __init__(self, of: str) -> None:
        super().__init__()
        self.of = of

    def forward(self, output: Any, batch: Any) -> Tensor | None:
        matched = getattr(output, self.of)
        if matched is None:
            return None
        values = F.mse_loss(matched.velocity, matched.target, reduction="none")
        return masked_mean(values, matched.mask)
