"""Length regulator: repeat tokens for their durations, and average frames per token.

FastSpeech (Ren et al. 2019, section 3.2). Durations are integers in frames; a token of 0 frames is
skipped.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.masks import mask_from_lengths
from tts.modules.exporting import is_exporting


def frame_to_token_index(durations: Tensor, frames: int) -> Tensor:
    """Return the index of each frame's token: ``durations (B, N)`` -> ``(B, frames)`` int64.

    Frames past the sum of the durations get the last token.
    """
    ends = torch.cumsum(durations, -1)
    if is_exporting():  # ONNX has no search
        frame = torch.arange(frames, device=durations.device)[None, :, None]
        return (ends[:, None] <= frame).sum(-1).clamp(max=durations.shape[1] - 1)
    frame = torch.arange(frames, device=durations.device).expand(len(durations), frames)
    return torch.searchsorted(ends, frame.contiguous(), right=True).clamp(
        max=durations.shape[1] - 1
    )


def gather_tokens(x: Tensor, index: Tensor) -> Tensor:
    """Gather the vector of each frame's token: ``x (B, N, C), index (B, T)`` -> ``(B, T, C)``."""
    size, tokens, channels = x.shape
    first = torch.arange(size, device=x.device)[:, None] * tokens
    # the backward of an embedding sums rows several times faster than that of gather
    return F.embedding(index + first, x.reshape(size * tokens, channels))


def regulate_length(x: Tensor, durations: Tensor, max_frames: int | None = None) -> Tensor:
    """Repeat each token for its duration: ``x (B, N, C), durations (B, N)`` -> ``(B, T, C)``.

    T is ``max_frames``, or else the largest sum of durations. Frames past an utterance's sum are
    zero; frames past ``max_frames`` are cut.
    """
    lengths = durations.sum(-1)
    frames = int(lengths.max()) if max_frames is None else max_frames
    repeated = gather_tokens(x, frame_to_token_index(durations, frames))
    return repeated * mask_from_lengths(lengths, frames)[..., None].to(x.dtype)


def average_by_duration(values: Tensor, durations: Tensor, mask: Tensor | None = None) -> Tensor:
    """Average over each token's frames: ``values (B, T), durations (B, N)`` -> ``(B, N)``.

    ``mask (B, T)``: the frames to average, such as voiced ones. A token without any gets 0.
    """
    # float64, because a token's sum is the difference of two long cumulative sums
    counted = torch.ones_like(values) if mask is None else mask.to(values.dtype)
    running = torch.stack([values * counted, counted]).double().cumsum(-1)
    running = F.pad(running, (1, 0))  # (2, B, T + 1), sums before each frame
    ends = torch.cumsum(durations, -1).clamp(max=values.shape[1])
    bounds = F.pad(ends, (1, 0)).expand(2, -1, -1)  # (2, B, N + 1)
    total, count = running.gather(2, bounds).diff(dim=-1)
    return (total / count.clamp(min=1)).to(values.dtype)
