"""Loss of the speaker's identity: distance of speaker embeddings."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.batch import Batch
from tts.bounds import Count
from tts.contract import MelContract
from tts.losses.term import LossTerm
from tts.speakers.mel_encoder import MelSpeakerEncoder


class SpeakerSimilarityLoss(LossTerm):
    """1 - cosine of the embeddings of the predicted mel and of the reference; 0 to 1.

    The reference is that of the batch, and without one the recording itself; prepared embeddings
    (``data.embeddings``) are taken as they are. The encoder is the bundled one (Wan et al. 2018),
    frozen; the gradient goes through it into the mel. ``windows`` of 1.6 s are embedded of each
    utterance.
    """

    skipped_at_zero = True  # a fifth of a training step on a CPU

    def __init__(self, windows: Count = 2) -> None:
        super().__init__()
        self.windows = windows
        self._contract: MelContract | None = None  # of the model's mels
        self._encoder: MelSpeakerEncoder | None = None  # made when it is first used

    def attach(self, model: nn.Module) -> None:
        self._contract = getattr(model, "contract", None)

    def forward(self, output: Any, batch: Batch) -> Tensor | None:
        mel = getattr(output, "mel", None)
        if mel is None or batch.mel is None or self._contract is None:
            return None
        if self._encoder is None:
            self._encoder = MelSpeakerEncoder(self._contract, self.windows)
        encoder = self._encoder.to(mel.device)
        target = self._target(encoder, batch)
        return 1 - (encoder(mel, batch.frame_lengths) * target).sum(-1).mean()

    @staticmethod
    def _target(encoder: MelSpeakerEncoder, batch: Batch) -> Tensor:
        """Return the embeddings to reach, ``(B, 256)`` of norm 1."""
        if batch.embedding is not None:
            return F.normalize(batch.embedding.float(), dim=-1)
        wanted, lengths = batch.mel, batch.frame_lengths
        if batch.reference is not None and batch.reference_lengths is not None:
            wanted, lengths = batch.reference, batch.reference_lengths
        assert wanted is not None
        with torch.no_grad():
            return encoder(wanted, lengths)
