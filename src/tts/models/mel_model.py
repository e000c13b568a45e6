"""Base of the families that turn tokens into mels: embeddings, style and normalization."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tts.corpus import CorpusFacts
from tts.models.acoustic import AcousticModel, CorpusKeys, Output
from tts.modules.style import Need, Style


class MelModel(AcousticModel[Output]):
    """Token and language embeddings of size ``dim``, a style, and the corpus's mel statistics.

    ``style(facts=)`` makes the style encoder (None: no conditioning).
    """

    def __init__(
        self, facts: CorpusFacts, dim: int, style: Callable[..., Style] | None = None
    ) -> None:
        super().__init__()
        self.bands = facts.contract.bands
        self.register_buffer("mel_mean", torch.tensor(facts.mel_mean))
        self.register_buffer("mel_std", torch.tensor(max(facts.mel_std, 1e-3)))
        self.mel_mean: Tensor
        self.mel_std: Tensor
        self.style = style(facts=facts) if style is not None else None
        self.embed = nn.Embedding(len(facts.symbols), dim, padding_idx=0)
        nn.init.normal_(self.embed.weight, std=dim**-0.5)
        # with one language a table would only be a second bias
        multilingual = len(facts.languages) > 1
        self.embed_language = nn.Embedding(len(facts.languages), dim) if multilingual else None

    @property
    def style_dim(self) -> int | None:
        return self.style.dim if self.style is not None else None

    @property
    def reference(self) -> Need:
        return "none" if self.style is None else self.style.needs.reference

    @property
    def shortest_reference(self) -> int:
        return 1 if self.style is None else self.style.receptive_field

    def corpus_keys(self) -> CorpusKeys:
        tables = () if self.style is None else self.style.speaker_tables
        return CorpusKeys(
            speakers=tuple(f"style.{name}" for name in tables),
            languages=() if self.embed_language is None else ("embed_language.weight",),
        )

    def normalized(self, mel: Tensor) -> Tensor:
        """Return log magnitudes as z-scores under the corpus's mean and standard deviation."""
        return (mel - self.mel_mean) / self.mel_std

    def denormalized(self, mel: Tensor, frame_mask: Tensor) -> Tensor:
        """Return log magnitudes from z-scores ``(B, T, M)``, 0 outside ``frame_mask (B, T)``."""
        return (mel * self.mel_std + self.mel_mean) * frame_mask[..., None]

    def style_of(
        self, speaker: Tensor | None, mel: Tensor | None, lengths: Tensor | None
    ) -> Tensor | None:
        """Return the style ``(B, style_dim)``, or None without one; ``mel`` is normalized."""
        if self.style is None:
            return None
        return self.style(speaker=speaker, mel=mel, lengths=lengths)

    def embedded(self, tokens: Tensor, language: Tensor | None, mask: Tensor) -> Tensor:
        """Return the embedded tokens ``(B, N, dim)``, 0 at padding."""
        embedded = self.embed(tokens) * self.embed.embedding_dim**0.5
        if self.embed_language is not None and language is not None:
            embedded = embedded + self.embed_language(language)[:, None]
        return embedded * mask[..., None]
