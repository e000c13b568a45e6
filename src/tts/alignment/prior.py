"""The diagonal the aligner starts from."""

import torch
from torch import Tensor, nn


class BetaBinomialPrior(nn.Module):
    """Speech moves through its text at a roughly even pace: near frame t expect token N t / T.

    Badlani et al. 2022, section 2.2: at frame t = 1..T, token k = 0..n with n = N - 1 follows a
    beta-binomial with a = w t and b = w (T + 1 - t). A smaller ``width`` w is less sure.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("rising", torch.zeros(0, 0, dtype=torch.float64), persistent=False)
        self.register_buffer("factorial", torch.zeros(0, dtype=torch.float64), persistent=False)
        self.rising: Tensor
        self.factorial: Tensor

    def forward(
        self, token_lengths: Tensor, frame_lengths: Tensor, tokens: int, frames: int
    ) -> Tensor:
        """Lengths ``(B,)`` and the padded sizes -> log-probabilities ``(B, T, N)``; 0 at padding.

        log P(k) = log C(n, k) + r(a, k) + r(b, n - k) - r(a + b, n), where
        r(x, k) = log x (x + 1) ... (x + k - 1), a table for all utterances there are: only one of
        its look-ups differs from utterance to utterance, and no gamma function is called.
        """
        self._grow(tokens, frames)
        k = torch.arange(tokens, device=token_lengths.device)
        t = torch.arange(1, frames + 1, device=token_lengths.device)[:, None]
        left = ((token_lengths[:, None] - 1) - k).clamp(min=0)  # (B, N), n - k
        ahead = (frame_lengths[:, None, None] + 1 - t).clamp(min=0)  # (B, T, 1)
        last = token_lengths - 1

        choose = self.factorial[last, None] - self.factorial[k] - self.factorial[left]
        scale = self.rising[frame_lengths + 1, last]
        columns = self.rising.shape[1]
        both = (
            self.rising[1 : frames + 1, :tokens]
            + self.rising.view(-1)[ahead * columns + left[:, None]]
        )
        prior = both + (choose - scale[:, None])[:, None]  # (B, T, N)
        real = (t <= frame_lengths[:, None, None]) & (k <= last[:, None])[:, None]
        return torch.where(real, prior, 0.0).float()

    def _grow(self, tokens: int, frames: int) -> None:
        """Make the tables cover ``tokens`` and ``frames``; they grow by doubling and stay."""
        rows, columns = self.rising.shape
        if rows >= frames + 2 and columns >= tokens:
            return
        rows = max(rows, 2 * (frames + 2) if rows else frames + 2)
        columns = max(columns, 2 * tokens if columns else tokens)
        start = self.width * torch.arange(rows, dtype=torch.float64)[:, None]
        factor = start + torch.arange(columns - 1, dtype=torch.float64)
        factor[0] = 1.0  # row 0 is never real
        rising = nn.functional.pad(factor.log().cumsum(1), (1, 0))
        factorial = torch.arange(1, columns + 1, dtype=torch.float64).lgamma()
        self.rising, self.factorial = rising.to(self.rising), factorial.to(self.rising)
