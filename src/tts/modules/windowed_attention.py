"""Windowed cross-attention: a band around the previous position, as speech reads its text in order.

The hard window of speaking limits how far a step can skip or go back. In training a Gaussian bias
stands for it (the local attention of Luong et al. 2015, section 3.2), so that all steps still run
in parallel.
"""

import math

import torch
from torch import Tensor

from tts.bounds import Heads, Positive
from tts.modules.cross_attention import MASKED, CrossAttention, CrossState

LEAST_RADIUS = 3.0  # tokens


class WindowedAttention(CrossAttention):
    """Cross-attention within ``width * N`` tokens of the previous step's mean position.

    The position is the expectation of the token's index, averaged over the heads. In training each
    step gets a Gaussian bias of standard deviation ``width * N / 2`` around the position that the
    step before it would have without a window. In evaluation the window is hard and follows its
    own positions. An infinite ``width`` is plain cross-attention.
    """

    def __init__(
        self, dim: int, heads: Heads = 4, width: Positive = 0.1, memory_dim: int | None = None
    ) -> None:
        super().__init__(dim, heads, memory_dim)
        self.width = width

    def align(self, query: Tensor, state: CrossState) -> tuple[Tensor, Tensor]:
        scores = self.scores(query, state)
        if self.training:
            log_weights = (scores + self._bias(scores, state)).log_softmax(-1)
            return log_weights.exp(), log_weights
        position, radius = state.track.unbind(-1)
        steps = []
        for step in scores.unbind(2):  # (B, H, N)
            log_weights = _within(step, position, radius).log_softmax(-1)
            position = _expectation(log_weights.exp())
            steps.append(log_weights)
        log_weights = torch.stack(steps, 2)
        return log_weights.exp(), log_weights

    def step(self, x: Tensor, state: CrossState) -> tuple[Tensor, CrossState]:
        """One step ``(B, dim) -> (B, dim)``, which computes the window alone."""
        tokens = state.key.shape[2]
        position, radius = state.track.unbind(-1)
        size = 2 * math.ceil(min(float(radius.max()), tokens)) + 1
        if size >= tokens:
            return super().step(x, state)
        first = (position - radius).ceil().clamp(0, tokens - size).long()
        index = first[:, None] + torch.arange(size, device=x.device)  # (B, W)
        window = state._replace(
            key=_gathered(state.key, index),
            value=_gathered(state.value, index),
            mask=state.mask.gather(2, index[:, None].expand(-1, self.heads, -1)),
            track=torch.stack([position - first, radius], -1),
        )
        y, after = super().step(x, window)
        weights = torch.zeros_like(state.weights)
        weights.scatter_(2, index[:, None].expand(-1, self.heads, -1), after.weights)
        track = torch.stack([after.track[:, 0] + first, radius], -1)
        return y, state._replace(weights=weights, track=track)

    def next_weights(self, query: Tensor, state: CrossState) -> tuple[Tensor, Tensor]:
        position, radius = state.track.unbind(-1)
        scores = self.scores(query[:, :, None], state)[:, :, 0]
        weights = _within(scores, position, radius).softmax(-1)
        return weights, torch.stack([_expectation(weights), radius], -1)

    def initial_track(self, mask: Tensor) -> Tensor:
        """Return position and radius of the window in tokens, ``(B, 2)``."""
        radius = (mask.sum(-1) * self.width).clamp(min=LEAST_RADIUS)
        return torch.stack([torch.zeros_like(radius), radius], -1)

    def restrict(self, state: CrossState, allowed: Tensor, heads: int) -> CrossState:
        state = super().restrict(state, allowed, heads)
        share = allowed / allowed.sum(-1, keepdim=True).clamp(min=1)
        center = _expectation(share[:, None])
        return state._replace(track=torch.stack([center, state.track[:, 1]], -1))

    def _bias(self, scores: Tensor, state: CrossState) -> Tensor:
        """Return the Gaussian bias ``(B, 1, T, N)`` of teacher-forced steps."""
        position = _expectation(scores.detach().softmax(-1).transpose(1, 2))  # (B, T)
        before = torch.cat([torch.zeros_like(position[:, :1]), position[:, :-1]], 1)
        token = torch.arange(scores.shape[-1], device=scores.device)
        deviation = state.track[:, 1, None, None] / 2
        return -0.5 * ((token - before[..., None]) / deviation).square()[:, None]


def _expectation(weights: Tensor) -> Tensor:
    """Return the mean position in tokens: ``(..., H, N)`` -> ``(...)``."""
    token = torch.arange(weights.shape[-1], device=weights.device, dtype=weights.dtype)
    return (weights @ token).mean(-1)


def _within(scores: Tensor, position: Tensor, radius: Tensor) -> Tensor:
    """Mask the scores ``(B, H, N)`` outside the window."""
    token = torch.arange(scores.shape[-1], device=scores.device)
    far = (token - position[:, None]).abs() > radius[:, None]  # (B, N)
    return scores.masked_fill(far[:, None], MASKED)


def _gathered(x: Tensor, index: Tensor) -> Tensor:
    """Return the window of keys or values: ``(B, H, N, D)``, ``(B, W)`` -> ``(B, H, W, D)``."""
    return x.gather(2, index[:, None, :, None].expand(-1, x.shape[1], -1, x.shape[3]))
