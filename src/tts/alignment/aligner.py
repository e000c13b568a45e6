"""Learned aligner of tokens and mel frames, trained together with the acoustic model.

Badlani et al. 2022, "One TTS alignment to rule them all"; after Shih et al. 2021,
RAD-TTS.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.alignment.monotonic import monotonic_alignment_search
from tts.alignment.prior import beta_binomial_prior
from tts.bounds import Channels, Positive
from tts.masks import mask_from_lengths
from tts.modules.conv import ChannelsLastConv1d

MASKED = -1e4  # log-probability of padding: finite, so that 0 * MASKED is no NaN; fits float16
KEY_SHRINK = 4.0  # the keys' initial weights are divided by it
FLAT_START = 300  # training steps of the flat start
FLAT_SCALE = 0.2  # of the scores in it


class Alignment(NamedTuple):
    """Soft alignment and the most probable hard alignment."""

    log_attention: Tensor  # (B, T, N) float32, normalized over tokens; MASKED at padded tokens
    durations: Tensor  # (B, N) int64 frames, at least 1 per token; sums to the frame lengths


class Aligner(nn.Module):
    """Score every frame against every token by the squared distance of their encodings.

    Four differences to the paper make it converge in hundreds of steps instead of thousands:

    - Encoded frames are centered over the utterance. Otherwise a token can score well at every
      frame, and some seeds stay where a few common tokens take all frames.
    - Keys start nearly equal, like the flat start of hidden Markov models, so that the first steps
      follow the prior.
    - Keys are computed without a convolution over neighbors, which can learn to represent the
      neighboring sound. On speech by espeak-ng, whose timings are known, boundaries with such keys
      are 18 ms off (median; 12 ms late), without 9 ms (2 ms early).

    - The first ``FLAT_START`` training steps are a flat start: each key becomes the mean of its
      frames, as a state of a hidden Markov model of Gaussians trained by forward-backward (Rabiner
      1989, section IV). Frames are not encoded better, and tokens do not compete for frames: their
      normalizer has no gradient. With many speakers and languages, competition alone can end where
      stress marks or spaces take all frames.

    ``width``: concentration of the prior, see :func:`~tts.alignment.prior.beta_binomial_prior`.
    """

    def __init__(
        self, token_dim: int, mel_bands: int, dim: Channels = 96, width: Positive = 1.0
    ) -> None:
        super().__init__()
        self.width = width
        self.key = nn.Linear(token_dim, dim)
        self.query = FrameEncoder(mel_bands, dim)
        # training steps, at most FLAT_START; whole numbers, because bfloat16 counts to 256
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.seen: Tensor
        with torch.no_grad():
            for parameter in self.key.parameters():
                parameter.div_(KEY_SHRINK)

    def forward(
        self, token_states: Tensor, mel: Tensor, token_lengths: Tensor, frame_lengths: Tensor
    ) -> Alignment:
        """``token_states (B, N, C)``, ``mel (B, T, M)`` normalized, lengths ``(B,)``.

        Computed in float32 also under autocast, because the scores are differences of large,
        similar numbers. Raises :class:`~tts.alignment.lengths.ImpossibleAlignmentError` if an
        utterance has fewer frames than tokens.
        """
        tokens, frames = token_states.shape[1], mel.shape[1]
        token_mask = mask_from_lengths(token_lengths, tokens)
        frame_mask = mask_from_lengths(frame_lengths, frames)
        with torch.autocast(mel.device.type, enabled=False):
            dtype = self.query.direct.weight.dtype  # not float32 if the model's weights are not
            keys = self.key(token_states.to(dtype)).float()  # (B, N, D)
            queries = self.query(mel.to(dtype), frame_mask).float()  # (B, T, D)
            queries = center_over_time(queries, frame_mask)
            flat = self._in_flat_start()
            if flat is not None:
                queries = torch.where(flat, queries.detach(), queries)
            scores = gaussian_scores(queries, keys)  # (B, T, N)
            if flat is not None:
                scores = torch.where(flat, FLAT_SCALE * scores, scores)
        prior = beta_binomial_prior(token_lengths, frame_lengths, tokens, frames, self.width)
        scores = (scores + prior).masked_fill(~token_mask[:, None], MASKED)
        total = scores.logsumexp(-1, keepdim=True)
        log_attention = scores - (
            total if flat is None else torch.where(flat, total.detach(), total)
        )
        durations = monotonic_alignment_search(log_attention, token_lengths, frame_lengths)
        return Alignment(log_attention, durations)

    def _in_flat_start(self) -> Tensor | None:
        """Return whether this training step is part of it, ``()``, without waiting for a device."""
        if not self.training or not torch.is_grad_enabled():
            return None
        flat = self.seen < FLAT_START
        self.seen.add_(1).clamp_(max=FLAT_START)
        return flat


class FrameEncoder(nn.Module):
    """Encode mel frames with one frame of context on each side, as the queries of the aligner.

    Normalized mel ``(B, T, M)``, mask ``(B, T)`` -> ``(B, T, dim)``. The direct path keeps the
    loudness, which the layer norm removes and which tells silence from speech.
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


def center_over_time(x: Tensor, mask: Tensor) -> Tensor:
    """Subtract from ``x (B, T, D)`` its mean over the real frames of each utterance."""
    real = mask[..., None].to(x.dtype)
    return x - (x * real).sum(1, keepdim=True) / real.sum(1, keepdim=True)


def gaussian_scores(queries: Tensor, keys: Tensor) -> Tensor:
    """``queries (B, T, D), keys (B, N, D)`` -> minus half the squared distance ``(B, T, N)``.

    The squared norm of the query is left out: it is the same for all tokens, so the softmax over
    tokens does not change, and one matrix product suffices.
    """
    key_term = -0.5 * keys.square().sum(-1)  # (B, N)
    return torch.baddbmm(key_term[:, None], queries, keys.mT)
