"""Parts of a composed style: a vector from a language, a reference, an embedding or prosody."""

from dataclasses import asdict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Channels
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.modules.style import NO_SPEAKER, Style, StyleInputs, StyleNeeds, StyleOutput, StyleTables

EMBEDDING_DIM = 256  # of the speaker encoders of this project


class LanguageStyle(Style):
    """One learned vector of size ``dim`` per language."""

    def __init__(self, facts: CorpusFacts, dim: Channels = 16) -> None:
        super().__init__()
        self.dim = dim
        self.table = nn.Embedding(len(facts.languages), dim)

    def forward(self, inputs: StyleInputs) -> StyleOutput:
        if inputs.language is None:
            raise UserError("a style of languages needs a language: give language=NAME")
        return StyleOutput(self.table(inputs.language))

    def available(self, inputs: StyleInputs) -> bool:
        return inputs.language is not None

    def tables(self) -> StyleTables:
        return StyleTables(languages=("table.weight",))


class SummaryStyle(Style):
    """A vector of size ``dim`` by one linear from the summary of a reference recording."""

    needs = StyleNeeds(reference="required")

    def __init__(self, facts: CorpusFacts, summary_dim: Channels, dim: Channels = 64) -> None:
        super().__init__()
        self.dim = dim
        self.project = nn.Linear(summary_dim, dim)

    def forward(self, inputs: StyleInputs) -> StyleOutput:
        return StyleOutput(self.project(summary_of(inputs)))


class EmbeddingStyle(Style):
    """A vector of size ``dim`` by one linear from a speaker embedding ``(B, 256)`` of norm 1."""

    needs = StyleNeeds(embedding="required")

    def __init__(self, facts: CorpusFacts, dim: Channels = 64) -> None:
        super().__init__()
        self.dim = dim
        self.project = nn.Linear(EMBEDDING_DIM, dim)

    def forward(self, inputs: StyleInputs) -> StyleOutput:
        if inputs.embedding is None:
            raise UserError("a style of speaker embeddings needs a recording: give reference=FILE")
        embedding = F.normalize(inputs.embedding.float(), dim=-1) * EMBEDDING_DIM**0.5
        return StyleOutput(self.project(embedding.to(self.project.weight.dtype)))


class ProsodyStyle(Style):
    """A vector of size ``dim`` by one linear from the speaker's pitch and energy statistics.

    Of a speaker of the corpus they are the corpus's, of another one those of the reference, so
    that the pitch of an unknown speaker is known and not guessed.
    """

    FIELDS = ("pitch_mean", "pitch_std", "energy_mean", "energy_std")  # of SpeakerStatistics
    # about the mean and the deviation over speakers, of ln(F0 / Hz) and log energy
    MEANS, SCALES = (5.0, 0.2, 1.0, 1.5), (0.3, 0.1, 1.0, 0.5)

    def __init__(self, facts: CorpusFacts, dim: Channels = 16) -> None:
        super().__init__()
        self.dim = dim
        rows = [[asdict(one)[name] for name in self.FIELDS] for one in facts.statistics]
        self.register_buffer("statistics", torch.tensor(rows, dtype=torch.float32))
        self.register_buffer("means", torch.tensor(self.MEANS), persistent=False)
        self.register_buffer("scales", torch.tensor(self.SCALES), persistent=False)
        self.statistics: Tensor
        self.means: Tensor
        self.scales: Tensor
        self.project = nn.Linear(len(self.FIELDS), dim)

    def forward(self, inputs: StyleInputs) -> StyleOutput:
        values = inputs.statistics
        if values is None:
            if inputs.speaker is None:
                raise UserError(NO_SPEAKER)
            values = self.statistics[inputs.speaker]
        normalized = (values.float() - self.means) / self.scales
        return StyleOutput(self.project(normalized.to(self.project.weight.dtype)))

    def available(self, inputs: StyleInputs) -> bool:
        return inputs.speaker is not None or inputs.statistics is not None

    def tables(self) -> StyleTables:
        return StyleTables(statistics=("statistics",))


def summary_of(inputs: StyleInputs) -> Tensor:
    """Return the summary of the reference. Raises UserError where there is none."""
    if inputs.summary is None:
        raise UserError("this style needs a recording: give reference=FILE.wav")
    return inputs.summary
