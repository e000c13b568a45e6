"""The one thing every alignment needs: at least as many frames as tokens."""

from torch import Tensor

from tts.errors import UserError


class ImpossibleAlignmentError(UserError):
    """A recording too short for its text."""


def require_room(token_lengths: Tensor, frame_lengths: Tensor) -> None:
    """Raise :class:`ImpossibleAlignmentError` naming each utterance that has no monotonic path.

    Both are ``(B,)``. Every token takes at least one frame, so fewer frames than tokens, or no
    token at all, leave nothing to search.
    """
    bad = (frame_lengths < token_lengths) | (token_lengths < 1)
    if bool(bad.any()):
        rows = [
            f"row {row}: {int(token_lengths[row])} tokens in {int(frame_lengths[row])} frames"
            for row in bad.nonzero()[:, 0].tolist()
        ]
        raise ImpossibleAlignmentError(
            "an utterance needs a token, and a frame for every token; in this batch "
            + "; ".join(rows)
            + ". Drop these utterances when preparing the corpus, or use a shorter hop"
        )
