"""Loss of a phone recognizer."""

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from tts.batch import Batch
from tts.losses.term import LossTerm


class ConnectionistTemporalClassification(LossTerm):
    """CTC (Graves et al. 2006, section 4): nats per phone over all alignments; 0 or more.

    An utterance with more phones than steps has no alignment and does not count.
    """

    exclude_from_balancing = True  # in nats

    def forward(self, output: Any, batch: Batch) -> Tensor:
        return F.ctc_loss(
            output.log_probabilities.transpose(0, 1),
            output.phones,
            output.lengths,
            output.phone_lengths,
            blank=0,
            zero_infinity=True,
        )
