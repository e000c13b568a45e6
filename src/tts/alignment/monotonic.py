"""Monotonic alignment search: the best hard path through a soft alignment.

Kim et al. 2020 (Glow-TTS), algorithm 1: every frame belongs to one token, tokens come in order,
and each takes at least one frame. The best such path is found by dynamic programming over frames,
a row of tokens at a time.
"""

import torch
from torch import Tensor

from tts.alignment.lengths import require_room
from tts.masks import mask_from_lengths


@torch.no_grad()
def monotonic_search(log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor) -> Tensor:
    """``log_attention (B, T, N)`` and lengths ``(B,)`` -> durations ``(B, N)`` int64 in frames.

    Durations sum to the frame length, are at least 1 for every token and 0 for padding. Of two
    equally good paths the one that leaves a token later is taken. Raises
    :class:`~tts.alignment.lengths.ImpossibleAlignmentError` where frames are fewer than tokens.
    """
    require_room(token_lengths, frame_lengths)
    if log_attention.device.type == "cpu":
        return _search_compiled(log_attention, token_lengths, frame_lengths)
    return search_batched(log_attention, token_lengths, frame_lengths)


def _search_compiled(log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor) -> Tensor:
    # imported here, because numba takes seconds to load and speaking never searches
    from tts.alignment.numba_kernels import best_path

    scores = log_attention.detach().float().contiguous().numpy()
    durations = torch.zeros(scores.shape[0], scores.shape[2], dtype=torch.int64)
    lengths = zip(token_lengths.tolist(), frame_lengths.tolist(), strict=True)
    for row, (tokens, frames) in enumerate(lengths):
        best_path(scores[row], tokens, frames, durations[row].numpy())
    return durations


def search_batched(log_attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor) -> Tensor:
    """The same search in torch alone, vectorized over batch and tokens, for any device.

    Forward, one row of tokens per frame; backward, all frames at once: "which token does frame t
    come from, given the token of frame t + 1" is a map over tokens, and maps compose by doubling,
    in log2(T) steps.
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
    moved = best[:-1, :, :-1] > best[:-1, :, 1:]  # into frame t + 1
    # a path as steep as it may be has no choice; a frame past the end keeps the last token
    forced = token == frame[1:]
    real = (frame[1:] < frame_lengths[:, None]) & (token > 0)
    came_from = token - ((moved | forced) & real).long()  # (T - 1, B, N)

    last = (token_lengths - 1)[None, :, None].expand(1, size, 1)
    jump, reach = came_from.flip(0), 1  # (T - 1, B, N), now counted from the end
    path = last  # (1, B, 1), the tokens of the frames known so far, from the end
    while len(path) < frames:
        # path[i + reach] = jump[i] o ... o jump[i + reach - 1] applied to path[i]
        step = jump[: len(path)]
        path = torch.cat([path, step.gather(2, path[: len(step)])])[:frames]
        ahead = jump[reach:]
        jump, reach = ahead.gather(2, jump[: len(ahead)]), 2 * reach
    path = path.flip(0)[:, :, 0].T  # (B, T)
    counted = mask_from_lengths(frame_lengths, frames).long()
    return torch.zeros_like(scores[0], dtype=torch.int64).scatter_add_(1, path, counted)
