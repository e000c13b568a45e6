"""Losses of the masked codec family: masked tokens and the stopping controller."""

from typing import Protocol

import torch.nn.functional as F
from torch import Tensor

from tts.batch import Batch
from tts.bounds import ShareBelowOne
from tts.losses.term import LossTerm


class MaskedTokenOutput(Protocol):
    logits: Tensor  # (B, T, V) of one level of each utterance
    codes: Tensor  # (B, T) int64 the recording's
    masked: Tensor  # (B, T) bool, tokens that are predicted


class StoppingLogits(Protocol):
    logit: Tensor  # (R,)
    raised: Tensor  # (R,) bool


class OutputWithStopping(Protocol):
    stopping: StoppingLogits | None


class MaskedTokenLoss(LossTerm):
    """Cross-entropy of the masked tokens with label smoothing, nats per token.

    ``label_smoothing``: probability that is spread over all entries of the codebook (Szegedy et al.
    2016, section 7).
    """

    exclude_from_balancing = True  # a likelihood, in nats

    def __init__(self, label_smoothing: ShareBelowOne) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing

    def forward(self, output: MaskedTokenOutput, batch: Batch) -> Tensor:
        targets = output.codes.masked_fill(~output.masked, -100)
        return F.cross_entropy(
            output.logits.flatten(0, 1).float(),
            targets.flatten(),
            label_smoothing=self.label_smoothing,
        )


class StoppingLoss(LossTerm):
    """Cross-entropy of "another round raises the token accuracy"; needs model/stopping=learned."""

    exclude_from_balancing = True  # a likelihood, in nats

    def forward(self, output: OutputWithStopping, batch: Batch) -> Tensor | None:
        if output.stopping is None:
            return None
        return F.binary_cross_entropy_with_logits(
            output.stopping.logit, output.stopping.raised.float()
        )
