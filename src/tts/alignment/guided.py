"""Guided attention loss: penalizes attention far from the diagonal.

Tachibana et al. 2018, "Efficiently trainable text-to-speech system based on deep convolutional
networks with guided attention", section 4.1.
"""

import torch
from torch import Tensor

from tts.masks import mask_from_lengths


def guided_weights(
    token_lengths: Tensor, frame_lengths: Tensor, tokens: int, frames: int, width: float = 0.2
) -> Tensor:
    """Lengths ``(B,)`` -> weights W ``(B, frames, tokens)`` in [0, 1), 0 at padding.

    W[t, n] = 1 - exp(-(n / N - t / T)^2 / (2 width^2)); ``width`` is a fraction of the utterance.
    """
    token = torch.arange(tokens, device=token_lengths.device) / token_lengths[:, None]
    frame = torch.arange(frames, device=token_lengths.device) / frame_lengths[:, None]
    distance = token[:, None] - frame[:, :, None]  # (B, T, N)
    token_mask = mask_from_lengths(token_lengths, tokens)
    frame_mask = mask_from_lengths(frame_lengths, frames)
    weights = 1 - torch.exp(-(distance**2) / (2 * width**2))
    return weights * (frame_mask[:, :, None] & token_mask[:, None])


def guided_attention_loss(
    attention: Tensor, token_lengths: Tensor, frame_lengths: Tensor, width: float = 0.2
) -> Tensor:
    """Return the mean of W per frame under ``attention (B, T, N)``, whose rows sum to 1."""
    frames, tokens = attention.shape[1:]
    weights = guided_weights(token_lengths, frame_lengths, tokens, frames, width)
    return (attention * weights).sum() / frame_lengths.sum()
