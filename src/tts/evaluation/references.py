"""References of evaluated sentences: another recording of the speaker, as in training."""

from tts.data.dataset import SpeechDataset
from tts.data.references import References
from tts.speakers.reference import Reference, reference_of_samples
from tts.synthesizer import Synthesizer

SECONDS = 10.0  # of a reference, at most


class ReferenceReader:
    """Reads the reference of a sentence for models that take one; always the same recording."""

    def __init__(self, data: SpeechDataset) -> None:
        self.data = data
        self._references: References | None = None

    def read(self, index: int, synthesizer: Synthesizer) -> Reference | None:
        """Return the reference of sentence ``index``; None for a model that takes none."""
        model = synthesizer.model
        if model.reference == "none" and not model.takes_embedding:
            return None
        contract = self.data.facts.contract
        if self._references is None:
            self._references = References(self.data, round(SECONDS * contract.frames_per_second))
        chosen = self._references.choose(self.data, index)
        corpus = self.data.corpora[chosen.corpus]
        audio = corpus.read_audio(corpus.rows[chosen.row]).numpy()
        start, length = chosen.start * contract.hop, chosen.frames * contract.hop
        reference = reference_of_samples(
            audio[start : start + length], contract, model.takes_embedding
        )
        return reference.to(synthesizer.device)
