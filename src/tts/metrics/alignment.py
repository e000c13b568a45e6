"""How good an alignment is, with and without the truth.

All take padded batches: B utterances, N tokens, T frames, lengths ``(B,)``; durations in frames.
"""

import torch
from torch import Tensor

from tts.masks import mask_from_lengths, masked_mean


def diagonality(
    attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor, band: float = 0.15
) -> Tensor:
    """Share of ``attention (B, T, N)`` within ``band`` of the diagonal, ``(B,)`` in 0..1.

    The diagonal rate of Chen et al. 2020 (MultiSpeech) with a band that is a share of the
    utterance: long pauses bend a sound alignment, so 1 is not to be expected; scattered attention
    scores about twice the band.
    """
    frames, tokens = attention.shape[1:]
    token = (torch.arange(tokens, device=attention.device) + 0.5) / token_lengths[:, None]
    frame = (torch.arange(frames, device=attention.device) + 0.5) / frame_lengths[:, None]
    near = (token[:, None] - frame[:, :, None]).abs() <= band  # (B, T, N)
    real = mask_from_lengths(frame_lengths, frames)
    return ((attention * near).sum(-1) * real).sum(-1) / frame_lengths


def focus(attention: Tensor, frame_lengths: Tensor) -> Tensor:
    """Mean over frames of the largest share one token has, ``(B,)`` (FastSpeech's focus rate)."""
    real = mask_from_lengths(frame_lengths, attention.shape[1])
    return (attention.amax(-1) * real).sum(-1) / frame_lengths


def coverage(attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor) -> Tensor:
    """Share of tokens to which some frame attends most, ``(B,)``: 1 unless words are skipped."""
    frames, tokens = attention.shape[1:]
    real_frames = mask_from_lengths(frame_lengths, frames).long()
    hits = attention.new_zeros(len(attention), tokens, dtype=torch.int64)
    hits.scatter_add_(1, attention.argmax(-1), real_frames)
    real_tokens = mask_from_lengths(token_lengths, tokens)
    return ((hits > 0) & real_tokens).sum(-1) / token_lengths


def attention_failures(
    attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor, reach: int = 2
) -> tuple[Tensor, Tensor]:
    """How often the strongest token of ``attention (B, T, N)`` skips and goes back, ``(B,)`` each.

    A skip jumps ahead over ``reach`` tokens or more between two frames, the ends of the utterance
    included; a repeat goes back by as much. Both are 0 in sound attention; what they count is heard
    as swallowed and as stuttered words.
    """
    tokens = attention.argmax(-1)  # (B, T)
    real = mask_from_lengths(frame_lengths, tokens.shape[1])
    # a token before the first, and one after the last in place of what is padding
    start = torch.full_like(tokens[:, :1], -1)
    path = torch.where(real, tokens, token_lengths[:, None])
    path = torch.cat([start, path, token_lengths[:, None].to(path)], 1)
    jumps = path.diff(dim=1)
    return (jumps > reach).sum(-1), (jumps <= -reach).sum(-1)


def boundary_errors(
    durations: Tensor, reference: Tensor, token_lengths: Tensor, frames_per_second: float
) -> Tensor:
    """Distance of each boundary from where the reference has it: one row of milliseconds.

    ``durations`` and ``reference`` are ``(B, N)``. Boundaries are those between two tokens, N - 1
    in an utterance: its start and end are no finding. Take the median, as forced aligners report.
    """
    distance = (durations.cumsum(-1) - reference.cumsum(-1)).abs()
    inner = mask_from_lengths(token_lengths - 1, durations.shape[1])
    return distance[inner] * (1000.0 / frames_per_second)


def path_agreement(
    attention: Tensor, durations: Tensor, frame_lengths: Tensor, tolerance: int = 0
) -> Tensor:
    """Share of frames that attend most to a token at most ``tolerance`` from the path's; a scalar.

    ``attention (B, T, N)``, ``durations (B, N)``: a soft alignment that is monotonic by itself
    needs no forcing, and scores 1.
    """
    frames = attention.shape[1]
    ends = durations.cumsum(-1)
    frame = torch.arange(frames, device=attention.device)
    on_path = (frame[:, None] >= ends[:, None]).sum(-1)  # (B, T)
    near = (attention.argmax(-1) - on_path).abs() <= tolerance
    return masked_mean(near.float(), mask_from_lengths(frame_lengths, frames))
