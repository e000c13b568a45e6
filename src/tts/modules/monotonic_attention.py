"""Stepwise monotonic cross-attention (He et al. 2019, "Robust sequence-to-sequence acoustic
modeling with stepwise monotonic attention", section 3): a step stays at its token or moves to the
next one, so that no token is skipped or repeated.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Heads, NonNegative
from tts.modules.cross_attention import LEAST, CrossAttention, CrossState

STAY = 1.0  # initial logit of staying: three steps in four


class MonotonicAttention(CrossAttention):
    """Cross-attention to one token at a time; each head has its own path.

    The score of a step and a token is the logit of staying at it. Training uses the expected
    alignment (equation 7), with Gaussian ``noise`` on the logits that drives them to certain
    decisions; evaluation stays where the logit is above 0 (section 3.3). The last token is never
    left. ``context.report`` receives the expected alignment in both modes.
    """

    def __init__(
        self, dim: int, heads: Heads = 1, noise: NonNegative = 1.0, memory_dim: int | None = None
    ) -> None:
        super().__init__(dim, heads, memory_dim)
        self.noise = noise
        self.stay = nn.Parameter(torch.full((heads, 1, 1), STAY))

    def align(self, query: Tensor, state: CrossState) -> tuple[Tensor, Tensor]:
        logits = self._logits(query, state)  # (B, H, T, N)
        if self.training and self.noise:
            logits = logits + self.noise * torch.randn_like(logits)
        stay = self._never_leave_last(logits.sigmoid(), state.mask)
        expected = _follow(stay, state.track)
        weights = expected
        if not self.training:
            weights = _follow(self._never_leave_last((logits > 0).float(), state.mask), state.track)
        return weights, expected.clamp(min=LEAST).log()

    def next_weights(self, query: Tensor, state: CrossState) -> tuple[Tensor, Tensor]:
        logits = self._logits(query[:, :, None], state)
        stay = self._never_leave_last((logits > 0).float(), state.mask)
        weights = _follow(stay, state.track)[:, :, 0]
        return weights, weights

    def initial_track(self, mask: Tensor) -> Tensor:
        """Return the weights before the first step: all at the first token, ``(B, H, N)``."""
        start = torch.zeros(len(mask), self.heads, mask.shape[1], device=mask.device)
        start[:, :, 0] = 1
        return start

    def restrict(self, state: CrossState, allowed: Tensor, heads: int) -> CrossState:
        """Move those of the first ``heads`` outside ``allowed (B, N)`` to its first token."""
        first = F.one_hot(allowed.long().argmax(-1), allowed.shape[1]).to(state.track)
        inside = (state.track * allowed[:, None]).sum(-1, keepdim=True) > 0  # (B, H, 1)
        inside[:, heads:] = True
        return state._replace(track=torch.where(inside, state.track, first[:, None]))

    def _logits(self, query: Tensor, state: CrossState) -> Tensor:
        return self.scores(query, state) + self.stay

    @staticmethod
    def _never_leave_last(stay: Tensor, mask: Tensor) -> Tensor:
        token = torch.arange(mask.shape[2], device=mask.device)
        last = token >= mask.sum(-1, keepdim=True) - 1  # (B, H, N)
        return stay.masked_fill(last[:, :, None], 1.0)


def _follow(stay: Tensor, weights: Tensor) -> Tensor:
    """Return the weights of all steps ``(B, H, T, N)`` from those before the first ``(B, H, N)``.

    ``stay (B, H, T, N)``: the probability of staying at a token.
    """
    steps = []
    for step in stay.unbind(2):
        moving = F.pad(weights * (1 - step), (1, -1))
        weights = weights * step + moving
        steps.append(weights)
    return torch.stack(steps, 2)
