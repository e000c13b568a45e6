"""Mel losses: distance of log mels and of their frame-to-frame differences."""

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from tts.batch import Batch
from tts.losses.term import LossTerm, output_part
from tts.masks import masked_mean


class MelOutput(Protocol):
    """What these terms read of a model's output."""

    mel: Tensor  # (B, T, M) natural-log magnitude
    frame_mask: Tensor  # (B, T) bool


class MelLoss(LossTerm):
    """Mean distance per real frame and band, in natural-log units; a scalar.

    ``distance(predicted, target, reduction="none")``: an elementwise loss of torch: L1 (as in
    FastSpeech 2), L2, or Huber, which is L2 near zero and L1 far away. ``of``: name of the mel in
    the model's output; the term does not apply where that is None.
    """

    def __init__(self, distance: Callable[..., Tensor], of: str) -> None:
        super().__init__()
        self.distance, self.of = distance, of

    def forward(self, output: MelOutput, batch: Batch) -> Tensor | None:
        mel = output_part(output, self.of)
        if mel is None:
            return None
        assert batch.mel is not None
        # under bf16-true the batch is in bf16 and the model's mel is not
        values = self.distance(mel.float(), batch.mel.float(), reduction="none")  # (B, T, M)
        return masked_mean(values, output.frame_mask)


class MelDeltaLoss(LossTerm):
    """Mean distance of the first differences over time, in natural-log units; a scalar.

    Delta features (Furui 1986) as a loss: unlike :class:`MelLoss` it distinguishes an error that
    changes sign from frame to frame, which is audible, from a constant one. ``distance`` as in
    :class:`MelLoss`.
    """

    def __init__(self, distance: Callable[..., Tensor]) -> None:
        super().__init__()
        self.distance = distance

    def forward(self, output: MelOutput, batch: Batch) -> Tensor:
        assert batch.mel is not None
        predicted, target = output.mel.float().diff(dim=1), batch.mel.float().diff(dim=1)
        values = self.distance(predicted, target, reduction="none")  # (B, T - 1, M)
        return masked_mean(values, output.frame_mask[:, 1:])
