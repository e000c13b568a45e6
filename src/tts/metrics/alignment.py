"""Attention and alignment metrics: diagonality, focus, coverage, failures, boundary errors.

Inputs are padded batches: B utterances, N tokens, T frames; lengths ``(B,)``; durations in frames.
"""

import torch
from torch import Tensor

from tts.masks import mask_from_lengths, masked_mean


def diagonality(
    attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor, band: float = 0.15
) -> Tensor:
    """Return the share of ``attention (B, T, N)`` within ``band`` of the diagonal: ``(B,)``, 0..1.

    Diagonal attention rate (Chen et al. 2020, MultiSpeech), with ``band`` relative to the length of
    the utterance. Higher is better; long pauses keep a good alignment below 1, and uniform
    attention scores about ``2 * band``.
    """
    frames, tokens = attention.shape[1:]
    token = (torch.arange(tokens, device=attention.device) + 0.5) / token_lengths[:, None]
    frame = (torch.arange(frames, device=attention.device) + 0.5) / frame_lengths[:, None]
    near = (token[:, None] - frame[:, :, None]).abs() <= band  # (B, T, N)
    real = mask_from_lengths(frame_lengths, frames)
    return ((attention * near).sum(-1) * real).sum(-1) / frame_lengths


def focus_rate(attention: Tensor, frame_lengths: Tensor) -> Tensor:
    """Return the mean over frames of the largest attention weight: ``(B,)``, 0..1.

    Focus rate (Ren et al. 2019, FastSpeech); higher is better.
    """
    real = mask_from_lengths(frame_lengths, attention.shape[1])
    return (attention.amax(-1) * real).sum(-1) / frame_lengths


def coverage(attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor) -> Tensor:
    """Return the share of tokens that are the argmax of some frame: ``(B,)``, 0..1.

    Higher is better; below 1 tokens are skipped.
    """
    frames, tokens = attention.shape[1:]
    real_frames = mask_from_lengths(frame_lengths, frames).long()
    hits = attention.new_zeros(len(attention), tokens, dtype=torch.int64)
    hits.scatter_add_(1, attention.argmax(-1), real_frames)
    real_tokens = mask_from_lengths(token_lengths, tokens)
    return ((hits > 0) & real_tokens).sum(-1) / token_lengths


def attention_failures(
    attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor, reach: int = 2
) -> tuple[Tensor, Tensor]:
    """Count skips and repeats of the argmax of ``attention (B, T, N)``: ``(B,)`` each.

    A skip moves forward by more than ``reach`` tokens between two frames, start and end of the
    utterance included; a repeat moves back by ``reach`` or more. Both are 0 in a good alignment;
    they are audible as missing and repeated words.
    """
    tokens = attention.argmax(-1)  # (B, T)
    real = mask_from_lengths(frame_lengths, tokens.shape[1])
    # a virtual token before the first, and one after the last in place of padding
    start = torch.full_like(tokens[:, :1], -1)
    path = torch.where(real, tokens, token_lengths[:, None])
    path = torch.cat([start, path, token_lengths[:, None].to(path)], 1)
    jumps = path.diff(dim=1)
    return (jumps > reach).sum(-1), (jumps <= -reach).sum(-1)


def spread(durations: Tensor, token_lengths: Tensor) -> Tensor:
    """Return how evenly the frames are spread over the tokens: ``(B,)``, 1 / N to 1.

    ``durations (B, N)`` frames, 0 at padding. The perplexity of a token's share of the frames, over
    N: 1 if all tokens are equally long, 1 / N if one has all frames. Read speech has 0.6 to 0.8; an
    aligner in which a few frequent tokens take all frames has 0.2 to 0.45.
    """
    shares = durations / durations.sum(-1, keepdim=True)
    return torch.special.entr(shares).sum(-1).exp() / token_lengths


def boundary_errors(
    durations: Tensor, reference: Tensor, token_lengths: Tensor, frames_per_second: float
) -> Tensor:
    """Return the distance of each token boundary from its reference in milliseconds, flattened.

    ``durations`` and ``reference``: ``(B, N)`` frames. Counts the N - 1 inner boundaries of each
    utterance. Forced aligners report the median; lower is better.
    """
    distance = (durations.cumsum(-1) - reference.cumsum(-1)).abs()
    inner = mask_from_lengths(token_lengths - 1, durations.shape[1])
    return distance[inner] * (1000.0 / frames_per_second)


def path_agreement(
    attention: Tensor, durations: Tensor, frame_lengths: Tensor, tolerance: int = 0
) -> Tensor:
    """Return the share of frames whose argmax is within ``tolerance`` tokens of the path: scalar.

    ``attention (B, T, N)``; ``durations (B, N)`` define the path. 0 to 1, higher is better: at 1
    the soft alignment is monotonic without a search.
    """
    frames = attention.shape[1]
    ends = durations.cumsum(-1)
    frame = torch.arange(frames, device=attention.device)
    on_path = (frame[:, None] >= ends[:, None]).sum(-1)  # (B, T)
    near = (attention.argmax(-1) - on_path).abs() <= tolerance
    return masked_mean(near.float(), mask_from_lengths(frame_lengths, frames))
