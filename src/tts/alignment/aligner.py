"""A learned aligner: which token does each frame belong to, from text and audio alone.

Badlani et al. 2022, "One TTS alignment to rule them all", after Shih et al. 2021, RAD-TTS.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.alignment.monotonic import monotonic_search
from tts.alignment.prior import beta_binomial_prior
from tts.masks import mask_from_lengths

# finite, so that a masked token is a probability of 0 and never 0 * inf; fits half precision
MASKED = -1e4


class Alignment(NamedTuple):
    """The soft alignment and the best hard path through it."""

    log_attention: Tensor  # (B, T, N) float32, normalised over tokens; MASKED at padded tokens
    durations: Tensor  # (B, N) int64 frames, at least 1 per token; sums to the frame lengths


class Aligner(nn.Module):
    """Encodes tokens and frames, and compares every frame with every token.

    The score of a pair is minus half its squared distance: each token is a Gaussian over encoded
    frames. ``width`` is the prior's certainty of an even pace.
    """

    def __init__(
        self,
        token_dim: int,
        mel_bands: int,
        dim: int = 96,
        width: float = 1.0,
    ) -> None:
        super().__init__()
        self.width = width
        self.encode_tokens = ConvEncoder(token_dim, dim, depth=1)
        self.encode_frames = ConvEncoder(mel_bands, dim, depth=2)

    def forward(
        self, token_states: Tensor, mel: Tensor, token_lengths: Tensor, frame_lengths: Tensor
    ) -> Alignment:
        """``token_states (B, N, C)``, ``mel (B, T, M)`` normalised, lengths ``(B,)``.

        Raises :class:`~tts.alignment.lengths.ImpossibleAlignmentError` where frames are fewer than
        tokens.
        """
        tokens, frames = token_states.shape[1], mel.shape[1]
        token_mask = mask_from_lengths(token_lengths, tokens)
        keys = self.encode_tokens(token_states, token_mask)  # (B, N, D)
        queries = self.encode_frames(mel, mask_from_lengths(frame_lengths, frames))  # (B, T, D)
        scores = gaussian_scores(queries, keys)
        prior = beta_binomial_prior(token_lengths, frame_lengths, tokens, frames, self.width)
        log_attention = (scores + prior).masked_fill(~token_mask[:, None], MASKED).log_softmax(-1)
        return Alignment(
            log_attention, monotonic_search(log_attention, token_lengths, frame_lengths)
        )


class ConvEncoder(nn.Module):
    """A few frames or tokens of context: ``(B, T, inputs), (B, T) mask -> (B, T, dim)``.

    Context is kept short on purpose: an encoder that sees far can tell a token by its neighbours
    and align to them instead. Padding is zero before each convolution and so changes nothing real.
    """

    def __init__(self, inputs: int, dim: int, depth: int, kernel: int = 3) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(inputs if layer == 0 else dim, dim, kernel, padding=kernel // 2)
            for layer in range(depth)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(depth))
        self.project = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        real = mask[..., None].to(x.dtype)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.relu(norm(convolution((x * real).mT).mT))
        return self.project(x)


def gaussian_scores(queries: Tensor, keys: Tensor) -> Tensor:
    """``queries (B, T, D), keys (B, N, D)`` -> ``(B, T, N)`` minus half the squared distance.

    Without the query's own square, which is the same for all tokens and leaves a softmax over
    tokens unchanged: one matrix product, never a ``(B, T, N, D)`` tensor. In float32 also under
    autocast, because the difference of two large numbers is what counts.
    """
    with torch.autocast(queries.device.type, enabled=False):
        queries, keys = queries.float(), keys.float()
        offset = -0.5 * keys.square().sum(-1)  # (B, N)
        return torch.baddbmm(offset[:, None], queries, keys.mT)
