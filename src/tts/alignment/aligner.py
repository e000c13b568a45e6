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
from tts.modules.conv import ChannelsLastConv1d

# finite, so that a masked token is a probability of 0 and never 0 * inf; fits half precision
MASKED = -1e4
FLATNESS = 4.0  # how much closer together than usual tokens start


class Alignment(NamedTuple):
    """The soft alignment and the best hard path through it."""

    log_attention: Tensor  # (B, T, N) float32, normalized over tokens; MASKED at padded tokens
    durations: Tensor  # (B, N) int64 frames, at least 1 per token; sums to the frame lengths


class Aligner(nn.Module):
    """Scores every frame against every token: each token is a Gaussian over encoded frames.

    Three departures from the paper make it find the alignment in tens of steps, not thousands:

    - Encoded frames are centered over the utterance. Otherwise a token can score well at *every*
      frame, and the quickest way down is to let a few common sounds own all frames: a trap that
      some seeds never left.
    - Tokens start out nearly alike, as in the flat start of hidden Markov models, so that the first
      steps follow the prior and not chance.
    - A token is encoded by itself, without a convolution over its neighbors: a key that knows its
      neighbors can learn to stand for the sound beside its own. On speech by espeak-ng, whose
      timings are known, keys with context put boundaries 18 ms off (median; 12 ms late), keys
      without 9 ms (2 ms early).

    ``width`` is the prior's certainty of an even pace.
    """

    def __init__(self, token_dim: int, mel_bands: int, dim: int = 96, width: float = 1.0) -> None:
        super().__init__()
        self.width = width
        self.key = nn.Linear(token_dim, dim)
        self.query = FrameEncoder(mel_bands, dim)
        with torch.no_grad():
            for parameter in self.key.parameters():
                parameter.div_(FLATNESS)

    def forward(
        self, token_states: Tensor, mel: Tensor, token_lengths: Tensor, frame_lengths: Tensor
    ) -> Alignment:
        """``token_states (B, N, C)``, ``mel (B, T, M)`` normalized, lengths ``(B,)``.

        In float32 also under autocast: what counts is the difference of large, close numbers.
        Raises :class:`~tts.alignment.lengths.ImpossibleAlignmentError` where frames are fewer than
        tokens.
        """
        tokens, frames = token_states.shape[1], mel.shape[1]
        token_mask = mask_from_lengths(token_lengths, tokens)
        frame_mask = mask_from_lengths(frame_lengths, frames)
        with torch.autocast(mel.device.type, enabled=False):
            exact = self.query.direct.weight.dtype  # fewer bits only where the whole model has
            keys = self.key(token_states.to(exact)).float()  # (B, N, D)
            queries = self.query(mel.to(exact), frame_mask).float()  # (B, T, D)
            scores = gaussian_scores(centered(queries, frame_mask), keys)
        prior = beta_binomial_prior(token_lengths, frame_lengths, tokens, frames, self.width)
        log_attention = (scores + prior).masked_fill(~token_mask[:, None], MASKED).log_softmax(-1)
        durations = monotonic_search(log_attention, token_lengths, frame_lengths)
        return Alignment(log_attention, durations)


class FrameEncoder(nn.Module):
    """Three frames of context: ``(B, T, M) normalized mel, (B, T) mask -> (B, T, dim)``.

    The direct path keeps the loudness, which the normalization takes away and silence lives by.
    Padding is zeroed before the convolution and so changes nothing real.
    """

    def __init__(self, mel_bands: int, dim: int) -> None:
        super().__init__()
        self.convolution = ChannelsLastConv1d(mel_bands, dim, kernel_size=3, padding=1)
        self.norm = nn.LayerNorm(dim)
        self.project = nn.Linear(dim, dim)
        self.direct = nn.Linear(mel_bands, dim)

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        mel = mel * mask[..., None]
        hidden = F.relu(self.norm(self.convolution(mel)))
        return self.project(hidden) + self.direct(mel)


def centered(x: Tensor, mask: Tensor) -> Tensor:
    """``x (B, T, D)`` minus its mean over the real frames of each utterance."""
    real = mask[..., None].to(x.dtype)
    return x - (x * real).sum(1, keepdim=True) / real.sum(1, keepdim=True)


def gaussian_scores(queries: Tensor, keys: Tensor) -> Tensor:
    """``queries (B, T, D), keys (B, N, D)`` -> ``(B, T, N)`` minus half the squared distance.

    Without the query's own square, which is the same for all tokens and leaves a softmax over
    tokens unchanged: one matrix product, never a ``(B, T, N, D)`` tensor.
    """
    offset = -0.5 * keys.square().sum(-1)  # (B, N)
    return torch.baddbmm(offset[:, None], queries, keys.mT)
