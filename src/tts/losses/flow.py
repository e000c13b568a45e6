"""Conditional flow-matching loss."""

import torch.nn.functional as F
from torch import Tensor

from tts.losses.term import LossTerm, output_part
from tts.masks import masked_mean


class FlowMatchingLoss(LossTerm):
    """Mean squared error of the velocity per real position and channel; a scalar.

    Lipman et al. 2023, equation 9: ``E || v(x_t, t) - target ||^2``. ``of``: name of the
    ``FlowOutput`` in the model's output; the term does not apply where that is None. Velocities are
    in units of the residual's standard deviation. The minimum is above 0 where paths cross, since
    the velocity there is their mean: for two independent Gaussians it is pi / 2.
    """

    def __init__(self, of: str) -> None:
        super().__init__()
        self.of = of

    def forward(self, output: object, batch: object) -> Tensor | None:
        flow = output_part(output, self.of)
        if flow is None:
            return None
        values = F.mse_loss(flow.velocity.float(), flow.target.float(), reduction="none")
        return masked_mean(values, flow.mask)
