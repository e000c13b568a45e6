"""Losses of a speaker encoder: which speaker an utterance is of."""

from typing import Annotated, Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.batch import Clips
from tts.bounds import Bound, Positive
from tts.errors import UserError
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
        if output.cosines is None:
            raise UserError("AAM-softmax needs model.classes=true, or model/loss=speaker_ge2e")
        cosines = output.cosines.clamp(-1 + 1e-6, 1 - 1e-6)
        own = F.one_hot(batch.speaker, cosines.shape[-1]).bool()
        harder = torch.cos((torch.acos(cosines) + self.margin).clamp(max=torch.pi))
        return F.cross_entropy(self.scale * torch.where(own, harder, cosines), batch.speaker)


class GeneralizedEndToEnd(LossTerm):
    """GE2E (Wan et al. 2018, equations 1 and 6): the batch's speakers by their mean embeddings.

    The mean of the own speaker is without the utterance itself. An utterance whose speaker has no
    other one in the batch only counts for the means. ``scale`` multiplies the cosines.
    """

    exclude_from_balancing = True  # in nats

    def __init__(self, scale: Positive = 10.0) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, output: Any, batch: Clips) -> Tensor:
        assert batch.speaker is not None
        embeddings = output.embedding.float()  # (B, E)
        own = torch.unique(batch.speaker, return_inverse=True)[1]
        members = F.one_hot(own).to(embeddings.dtype)  # (B, S)
        sums = members.T @ embeddings
        cosines = embeddings @ F.normalize(sums, dim=-1).T  # (B, S)
        others = F.normalize(sums[own] - embeddings, dim=-1)
        without_itself = (embeddings * others).sum(-1, keepdim=True)
        cosines = torch.where(members.bool(), without_itself, cosines)
        several = (members.sum(0)[own] > 1).to(embeddings.dtype)
        losses = F.cross_entropy(self.scale * cosines, own, reduction="none")
        return (losses * several).sum() / several.sum().clamp(min=1)
