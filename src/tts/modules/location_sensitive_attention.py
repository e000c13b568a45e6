"""Location-sensitive cross-attention (Chorowski et al. 2015, section 2.2).

Additive scores that also see a convolution over the weights of the earlier steps, so that a step
can tell where the alignment is and which tokens are already spoken. Tacotron 2's attention.
"""

import torch
from torch import Tensor, nn

from tts.bounds import Channels, Heads, OddKernel
from tts.modules.context import Context
from tts.modules.cross_attention import MASKED, CrossAttention, CrossState


class LocationSensitiveAttention(CrossAttention):
    """``w^T tanh(W query + V key + U f + b)`` over the tokens, the paper's equation 9.

    f: ``filters`` channels of a convolution of ``kernel`` tokens over the weights of the previous
    step and their sum over all earlier steps (Shen et al. 2018 use both). ``hidden``: channels in
    the tanh. Steps depend on each other, so training runs through them one by one.
    """

    def __init__(
        self,
        dim: int,
        heads: Heads = 1,
        hidden: Channels = 64,
        filters: Channels = 16,
        kernel: OddKernel = 31,
        memory_dim: int | None = None,
    ) -> None:
        super().__init__(dim, heads, memory_dim)
        self.of_query = nn.Linear(dim, hidden)
        self.of_key = nn.Linear(dim, hidden, bias=False)
        self.location = nn.Conv1d(2 * heads, filters, kernel, padding=kernel // 2, bias=False)
        self.of_location = nn.Linear(filters, hidden, bias=False)
        self.score = nn.Linear(hidden, heads, bias=False)

    def initial_state(self, batch: int, context: Context | None = None) -> CrossState:
        """Return a state whose ``key`` is the key's part of the hidden layer, ``(B, N, A)``."""
        state = super().initial_state(batch, context)
        return state._replace(key=self.of_key(state.key.transpose(1, 2).flatten(2)))

    def align(self, query: Tensor, state: CrossState) -> tuple[Tensor, Tensor]:
        queries = self._hidden_query(query)
        weights, total = state.weights, state.track
        steps = []
        for step in queries.unbind(1):  # (B, A)
            log_weights = self._log_weights(step, state._replace(weights=weights, track=total))
            weights = log_weights.exp()
            total = total + weights
            steps.append(log_weights)
        log_weights = torch.stack(steps, 2)
        return log_weights.exp(), log_weights

    def next_weights(self, query: Tensor, state: CrossState) -> tuple[Tensor, Tensor]:
        weights = self._log_weights(self._hidden_query(query[:, :, None])[:, 0], state).exp()
        return weights, state.track + weights

    def initial_track(self, mask: Tensor) -> Tensor:
        """Return the sum of the weights of all earlier steps, ``(B, H, N)``."""
        return torch.zeros(len(mask), self.heads, mask.shape[1], device=mask.device)

    def _log_weights(self, query: Tensor, state: CrossState) -> Tensor:
        """Return the log-weights ``(B, H, N)`` of a step. ``query (B, A)``."""
        weights = torch.cat([state.weights, state.track], 1).to(self.location.weight.dtype)
        location = self.of_location(self.location(weights).mT)  # (B, N, A)
        scores = self.score(torch.tanh(query[:, None] + state.key + location)).mT.float()
        return scores.masked_fill(~state.mask, MASKED).log_softmax(-1)

    def _hidden_query(self, query: Tensor) -> Tensor:
        """``(B, H, T, D) -> (B, T, A)``."""
        return self.of_query(query.transpose(1, 2).flatten(2))
