"""Base of the families that turn tokens into mels: embeddings, style and normalization."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from tts.batch import Batch, Prompt
from tts.corpus import CorpusFacts
from tts.models.acoustic import AcousticModel, CorpusKeys, Output
from tts.modules.style import Need, Style, StyleInputs, StyleOutput

# controls of single styles -> the choice that adds them
STYLE_CONTROLS = {
    "style_tokens": "model/style=composed and model/style/parts=[tokens]",
    "style_temperature": "model/style=composed and tokens or variational in model/style/parts",
    "style_weights": "model/style=composed",
}


class MelModel(AcousticModel[Output]):
    """Token and language embeddings of size ``dim``, a style, and the corpus's mel statistics.

    ``style(facts=)`` makes the style encoder (None: no conditioning).
    """

    def __init__(
        self, facts: CorpusFacts, dim: int, style: Callable[..., Style] | None = None
    ) -> None:
        super().__init__()
        self.bands, self.contract = facts.contract.bands, facts.contract
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
    def style_controls(self) -> frozenset[str]:
        """Names of the controls that the style takes."""
        return frozenset() if self.style is None else self.style.controls

    @property
    def style_tokens(self) -> int:
        return 0 if self.style is None else self.style.token_count

    @property
    def takes_embedding(self) -> bool:
        return self.style is not None and self.style.needs.embedding != "none"

    @property
    def shortest_reference(self) -> int:
        return 1 if self.style is None else self.style.receptive_field

    def corpus_keys(self) -> CorpusKeys:
        own = () if self.embed_language is None else ("embed_language.weight",)
        if self.style is None:
            return CorpusKeys(languages=own)
        tables = self.style.tables().under("style")
        return CorpusKeys(tables.statistics, tables.speakers, own + tables.languages)

    def normalized(self, mel: Tensor) -> Tensor:
        """Return log magnitudes as z-scores under the corpus's mean and standard deviation."""
        return (mel - self.mel_mean) / self.mel_std

    def denormalized(self, mel: Tensor, frame_mask: Tensor) -> Tensor:
        """Return log magnitudes from z-scores ``(B, T, M)``, 0 outside ``frame_mask (B, T)``."""
        return (mel * self.mel_std + self.mel_mean) * frame_mask[..., None]

    def style_of(self, inputs: StyleInputs) -> StyleOutput:
        """Return the style, whose vector is None of a model without one."""
        return StyleOutput(None) if self.style is None else self.style(inputs)

    def batch_style(self, batch: Batch) -> StyleOutput:
        return self.training_style(batch, None if batch.mel is None else self.normalized(batch.mel))

    def training_style(
        self, batch: Batch, own: Tensor | None, lengths: Tensor | None = None
    ) -> StyleOutput:
        """Return the style of a batch: by its references, or, without them, by its ``own`` mels.

        ``own (B, R, M)`` is normalized, of ``lengths (B,)``.
        """
        mel, lengths = own, batch.frame_lengths if lengths is None else lengths
        if batch.reference is not None:
            mel, lengths = self.normalized(batch.reference), batch.reference_lengths
        inputs = StyleInputs(batch.speaker, batch.language, mel, lengths)
        return self.style_of(inputs._replace(embedding=batch.embedding))

    def prompt_style(self, prompt: Prompt) -> StyleOutput:
        """Return the style of a prompt. Raises UserError for what it lacks or does not have."""
        controls = prompt.controls
        reference = None if prompt.reference is None else self.normalized(prompt.reference)
        return self.style_of(
            StyleInputs(
                prompt.speaker,
                prompt.language,
                reference,
                prompt.reference_lengths,
                embedding=prompt.embedding,
                statistics=prompt.statistics,
                tokens=controls.style_tokens,
                weights=controls.style_weights,
                temperature=controls.style_temperature,
                generator=prompt.generator,
            )
        )

    def embedded(self, tokens: Tensor, language: Tensor | None, mask: Tensor) -> Tensor:
        """Return the embedded tokens ``(B, N, dim)``, 0 at padding."""
        embedded = self.embed(tokens) * self.embed.embedding_dim**0.5
        if self.embed_language is not None and language is not None:
            embedded = embedded + self.embed_language(language)[:, None]
        return embedded * mask[..., None]
