"""Monotonic alignment search (MAS): the most probable hard alignment in a soft one.

Kim et al. 2020, Glow-TTS, algorithm 1. Every frame belongs to one token, tokens
come in order, and each takes at least one frame. Dynamic programming over frames finds the path.
"""

import torch
from torch import Tensor

from tts.alignment.lengths import checked_lengths
from tts.masks import mask_from_lengths


@torch.no_grad()
def monotonic_alignment_search(
    log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor
) -> Tensor:
    """``log_attention (B, T, N)`` and lengths ``(B,)`` -> durations ``(B, N)`` int64 in frames.

    Durations are at least 1 for every token and 0 for padding, and sum to the frame length. Of two
    equally probable paths it returns the one that leaves a token later. Raises
    :class:`~tts.alignment.lengths.ImpossibleAlignmentError` if an utterance has fewer frames than
    tokens.
    """
    lengths = checked_lengths(token_lengths, frame_lengths)
    if log_attention.device.type in ("cpu", "cuda"):  # a copy is faster than two kernels per frame
        return _search_numba(log_attention, *lengths)
    return search_torch(log_attention, token_lengths, frame_lengths)


def _search_numba(log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor) -> Tensor:
    # numba takes seconds to import, and synthesis does not need it
    from tts.alignment.numba_kernels import most_probable_path

    scores = log_attention.detach().float().contiguous().cpu().numpy()
    durations = torch.zeros(scores.shape[0], scores.shape[2], dtype=torch.int64)
    lengths = zip(token_lengths.tolist(), frame_lengths.tolist(), strict=True)
    for row, (tokens, frames) in enumerate(lengths):
        most_probable_path(scores[row], tokens, frames, durations[row].numpy())
    return durations.to(log_attention.device)


def search_torch(log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor) -> Tensor:
    """The same search in torch for any device, vectorized over batch and tokens.

    The forward pass loops over frames. The backward pass (backtracking) takes log2(T) steps: "the
    token of frame t, given the token of frame t + 1" is a map over tokens, and such maps are
    composed in pairs (pointer doubling).
    """
    size, frames, tokens = log_attention.shape
    scores = log_attention.detach().float().transpose(0, 1)  # (T, B, N)
    best = scores.new_full((frames, size, tokens + 1), -torch.inf)  # column 0: before any token
    best[0, :, 1] = scores[0, :, 0]
    for t in range(1, frames):
        torch.maximum(best[t - 1, :, 1:], best[t - 1, :, :-1], out=best[t, :, 1:])
        best[t, :, 1:] += scores[t]

    token = torch.arange(tokens, device=scores.device)
    frame = torch.arange(frames, device=scores.device)[:, None, None]
    moved = best[:-1, :, :-1] > best[:-1, :, 1:]  # from the previous token into frame t + 1
    # token t at frame t must be left at once; frames past the end keep the last token
    forced = token == frame[1:]
    real = (frame[1:] < frame_lengths[:, None]) & (token > 0)
    previous = token - ((moved | forced) & real).long()  # (T - 1, B, N)

    last = (token_lengths - 1)[None, :, None].expand(1, size, 1)
    jump, reach = previous.flip(0), 1  # (T - 1, B, N), now counted from the end
    path = last  # (1, B, 1), tokens of the frames decoded so far, from the end
    while len(path) < frames:
        # path[i + reach] = jump[i] o ... o jump[i + reach - 1] applied to path[i]
        step = jump[: len(path)]
        path = torch.cat([path, step.gather(2, path[: len(step)])])[:frames]
        ahead = jump[reach:]
        jump, reach = ahead.gather(2, jump[: len(ahead)]), 2 * reach
    path = path.flip(0)[:, :, 0].T  # (B, T)
    real_frames = mask_from_lengths(frame_lengths, frames).long()
    return torch.zeros_like(scores[0], dtype=torch.int64).scatter_add_(1, path, real_frames)
