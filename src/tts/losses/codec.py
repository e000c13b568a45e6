"""Losses of a neural codec: commitment to the codebooks, and the decoded mel."""

import torch.nn.functional as F
from torch import Tensor

from tts.batch import Clips
from tts.losses.term import LossTerm
from tts.vocoders.vocoder import VocoderOutput


class CommitmentLoss(LossTerm):
    """Mean squared distance of the encoder's output from the entries chosen for it; a scalar.

    The mean over all levels of a residual quantizer (van den Oord et al. 2017, equation 3, third
    term). Does not apply without codebooks.
    """

    def forward(self, output: VocoderOutput, batch: Clips) -> Tensor | None:
        return output.commitment


class DecodedMelLoss(LossTerm):
    """L1 distance of the log mel that the decoder hands to the vocoder; a scalar.

    Without it the decoder could pass anything on, and a vocoder trained on mels would not fit.
    Does not apply without a decoded mel.
    """

    def forward(self, output: VocoderOutput, batch: Clips) -> Tensor | None:
        return None if output.mel is None else F.l1_loss(output.mel, batch.mel)
