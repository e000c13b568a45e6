"""Audio model of masked codec tokens: all known codes and the text in, one level's tokens out.

The embeddings of a frame's codes are summed over the codebooks, a masked one has an embedding of
its own, and every codebook has its own head (Borsos et al. 2023, section 3.1). Legend: B
utterances, T code frames, K codebooks, V entries of a codebook.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tts.codebooks import spread_vectors
from tts.modules.stack import Context


class Conditioning(NamedTuple):
    """What the audio model reads in every round, besides the codes."""

    text: Tensor  # (B, T, dim) states of the text, repeated for the durations
    mask: Tensor  # (B, T) bool
    style: Tensor | None  # (B, D)
    summary: Tensor  # (B, dim) mean state of the text

    @property
    def lengths(self) -> Tensor:
        """Code frames ``(B,)``."""
        return self.mask.sum(-1)

    def rows(self, rows: slice) -> "Conditioning":
        """Return the conditioning of some utterances."""
        style = None if self.style is None else self.style[rows]
        return Conditioning(self.text[rows], self.mask[rows], style, self.summary[rows])

    def repeated(self, count: int) -> "Conditioning":
        """Return all utterances ``count`` times, one copy after the other."""
        style = None if self.style is None else self.style.repeat(count, 1)
        return Conditioning(
            self.text.repeat(count, 1, 1), self.mask.repeat(count, 1), style,
            self.summary.repeat(count, 1),
        )  # fmt: skip

    def dropped(self, rows: Tensor) -> "Conditioning":
        """Return the conditioning without text and style where ``rows (B,)`` is True."""
        text = self.text.masked_fill(rows[:, None, None], 0)
        style = None if self.style is None else self.style.masked_fill(rows[:, None], 0)
        return self._replace(text=text, style=style)


class LevelPrediction(NamedTuple):
    """What the audio model predicts of one level of each utterance."""

    logits: Tensor  # (B, T, V) fp32
    states: Tensor  # (B, T, dim) from which the logits are computed
    lengths: Tensor  # (B,) int64 code frames


class AudioModel(nn.Module):
    """Predicts the tokens of a codebook; ``decoder(dim=, style_dim=)`` makes its backbone."""

    def __init__(
        self,
        dim: int,
        codebooks: int,
        entries: int,
        decoder: Callable[..., nn.Module],
        style_dim: int | None = None,
    ) -> None:
        super().__init__()
        self.codebooks, self.masked = codebooks, entries  # the token that stands for a masked one
        self.embed_codes = nn.Embedding(codebooks * (entries + 1), dim)  # a table for each codebook
        self.embed_level = nn.Embedding(codebooks, dim)
        nn.init.normal_(self.embed_codes.weight, std=codebooks**-0.5)
        with torch.no_grad():  # masked tokens leave the text as it is
            self.embed_codes.weight.unflatten(0, (codebooks, -1))[:, entries] = 0
            self.embed_level.weight *= 0.1
        self.decoder = decoder(dim=dim, style_dim=style_dim)
        self.heads = nn.Parameter(torch.randn(codebooks, entries, dim) * 0.5 * dim**-0.5)

    @torch.no_grad()
    def start_codes(self, vectors: Tensor) -> None:
        """Start embeddings and heads from the codec's vectors ``(K, V, D)``."""
        table = self.embed_codes.weight.unflatten(0, (self.codebooks, -1))
        dim = table.shape[-1]
        table[:, : self.masked] = self.codebooks**-0.5 * spread_vectors(vectors, dim)
        self.heads.copy_(0.5 * dim**-0.5 * spread_vectors(vectors, dim))

    def forward(self, tokens: Tensor, level: Tensor, conditioning: Conditioning) -> LevelPrediction:
        """Predict the codebook ``level (B,)`` of ``tokens (B, T, K)`` int64, V where masked."""
        first = (self.masked + 1) * torch.arange(self.codebooks, device=tokens.device)
        x = self.embed_codes(tokens + first).sum(-2) + self.embed_level(level)[:, None]
        x = (x + conditioning.text) * conditioning.mask[..., None]
        states = self.decoder(x, Context(mask=conditioning.mask, style=conditioning.style))
        logits = torch.bmm(states, self.heads[level].to(states.dtype).mT)
        return LevelPrediction(logits.float(), states, conditioning.lengths)
