"""Distances between mels."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from tts.masks import masked_mean


class MelDeltaLoss(nn.Module):
    """Mean distance of what changes from frame to frame, in natural-log units.

    The dynamic features of Furui 1986, as a loss. A distance of frames one by one does not care
    whether two that follow err to the same side or to opposite ones; the ear does. ``distance`` as
    in :class:`MelLoss`.
    """

    def __init__(self, distance: Callable[..., Tensor]) -> None:
        super().__init__()
        self.distance = distance

    def forward(self, output: Any, batch: Any) -> Tensor:
        predicted, target = (mel.diff(dim=1) for mel in (output.mel, batch.mel))
        values = self.distance(predicted, target, reduction="none")  # (B, T - 1, M)
        return masked_mean(values, output.frame_mask[:, 1:])


class MelLoss(nn.Module):
    """Mean distance per real frame and band, in natural-log units.

    ``distance(predicted, target, reduction="none")`` is any of torch's elementwise losses: L1
    (the default of FastSpeech 2), L2, or Huber, which is L2 near zero and L1 far away. ``of``: the
    part of the output that is a mel; a model without it pays nothing.
    """

    def __init__(self, distance: Callable[..., Tensor], of: str) -> None:
        super().__init__()
        self.distance, self.of = distance, of

    def forward(self, output: Any, batch: Any) -> Tensor | None:
        mel = getattr(output, self.of)
        if mel is None:
            return None
        values = self.distance(mel, batch.mel, reduction="none")  # (B, T, M)
        return masked_mean(values, output.frame_mask)
