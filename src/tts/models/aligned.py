"""Durations of a recording's tokens: from the aligner that is trained, or from the corpus."""

from torch import Tensor

from tts.alignment.aligner import Aligner
from tts.batch import Batch
from tts.errors import UserError


def aligned(
    aligner: Aligner | None, embedded: Tensor, mel: Tensor, batch: Batch
) -> tuple[Tensor, Tensor | None]:
    """Return durations ``(B, N)`` in mel frames and the aligner's log attention ``(B, T, N)``.

    ``embedded (B, N, C)``, ``mel (B, T, M)`` normalized; ``aligner=None``: the corpus's durations.
    Raises UserError where it has none.
    """
    if aligner is None:
        if batch.durations is None:
            raise UserError(
                "model/aligner=given needs durations in the prepared corpus, and this one has "
                "none: use data=recording or data=demo, or model/aligner=learned"
            )
        return batch.durations, None
    alignment = aligner(embedded, mel, batch.token_lengths, batch.frame_lengths)
    return alignment.durations, alignment.log_attention
