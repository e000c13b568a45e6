"""Durations of a recording's tokens: from the aligner that is trained, or from the corpus."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.alignment.aligner import Aligner
from tts.alignment.regulator import frame_to_token_index
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


class Path(NamedTuple):
    """Where a decoder has to read a text, as the recording is aligned with it."""

    durations: Tensor  # (B, N) int64 mel frames
    weights: Tensor  # (B, S, N) of each decoder step: the share of its frames in each token


def path_of_steps(
    durations: Tensor, steps: int, frames_per_step: int, mel_frames_per_frame: float
) -> Path:
    """Return the path of ``steps`` decoder steps, each of ``frames_per_step`` frames.

    ``durations (B, N)`` in mel frames; ``mel_frames_per_frame``: 1 where the decoder writes mel
    frames. Steps after the end read the last token.
    """
    frames = steps * frames_per_step
    mel_frames = int((frames - 0.5) * mel_frames_per_frame) + 1
    frame = torch.arange(frames, device=durations.device)
    mel_frame = ((frame + 0.5) * mel_frames_per_frame).long().clamp(max=mel_frames - 1)
    token = frame_to_token_index(durations, mel_frames)  # (B, T)
    ends = durations.cumsum(-1)
    last = (ends < ends[:, -1:]).sum(-1, keepdim=True)  # of each utterance, before its padding
    token = token[:, mel_frame].minimum(last)
    read = F.one_hot(token, durations.shape[1]).float()
    return Path(durations, read.unflatten(1, (steps, frames_per_step)).mean(2))
