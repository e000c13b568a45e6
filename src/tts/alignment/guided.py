"""Guided attention: a penalty for looking away from the diagonal.

Tachibana et al. 2018, "Efficiently trainable text-to-speech system based on deep convolutional
networks with guided attention", section 4.1.
"""

import torch
from torch import Tensor

from tts.masks import mask_from_lengths


def guided_weights(
    token_lengths: Tensor, frame_lengths: Tensor, tokens: int, frames: int, width: float = 0.2
) -> Tensor:
    """Lengths ``(B,)`` -> ``(B, frames, tokens)`` in [0, 1): 0 on the diagonal and at padding.

    W = 1 - exp(-(n / N - t / T)^2 / (2 width^2)); ``width`` is a share of the utterance.
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
    """Expected penalty per frame of ``attention (B, T, N)``, rows summing to one; a scalar."""
    frames, tokens = attention.shape[1:]
    weights = guided_weights(token_lengths, frame_lengths, tokens, frames, width)
    return (attention * weights).sum() / frame_lengths.sum()
