"""Length check of every alignment: at least as many frames as tokens."""

import torch
from torch import Tensor

from tts.errors import UserError


class ImpossibleAlignmentError(UserError):
    """A recording has fewer frames than its text has tokens."""


def checked_lengths(token_lengths: Tensor, frame_lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Return both on the CPU, with one transfer. Both are ``(B,)``.

    An utterance needs a token, and every token takes at least one frame. Raises
    ImpossibleAlignmentError that names every utterance without a monotonic path.
    """
    token_lengths, frame_lengths = torch.stack([token_lengths, frame_lengths]).cpu().unbind()
    bad = (frame_lengths < token_lengths) | (token_lengths < 1)
    if bool(bad.any()):
        rows = [
            f"row {row}: {int(token_lengths[row])} tokens in {int(frame_lengths[row])} frames"
            for row in bad.nonzero()[:, 0].tolist()
        ]
        raise ImpossibleAlignmentError(
            "too few frames or no tokens to align: "
            + "; ".join(rows)
            + ". Drop these utterances when preparing the corpus, or use a shorter hop"
        )
    return token_lengths, frame_lengths
