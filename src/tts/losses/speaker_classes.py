"""Loss of a speaker encoder: which of the training speakers an utterance is of."""

from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.batch import Clips
from tts.bounds import Bound, Positive
from tts.losses.term import LossTerm


class AdditiveAngularMargin(LossTerm):
    """AAM-softmax (Deng et al. 2019, equation 3): cross-entropy with a margin on the angle.

    The angle to the own speaker's weight counts ``margin`` radians more than it is; ``scale``
    multiplies the cosines.
    """

    exclude_from_balancing = True  # in nats

    def __init__(
        self, margin: Annotated[float, Bound(least=0, below=1.5)] = 0.2, scale: Positive = 30.0
    ) -> None:
        super().__init__()
        self.margin, self.scale = margin, scale

    def forward(self, output: Any, batch: Clips) -> Tensor:
        assert batch.speaker is not None
        cosines = output.cosines.clamp(-1 + 1e-6, 1 - 1e-6)
        own = F.one_hot(batch.speaker, cosines.shape[-1]).bool()
        harder = torch.cos((torch.acos(cosines) + self.margin).clamp(max=torch.pi))
        return F.cross_entropy(self.scale * torch.where(own, harder, cosines), batch.speaker)
