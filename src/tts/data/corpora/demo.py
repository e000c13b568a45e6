"""The demo corpus: sentences of our own, spoken on the spot by two voices of espeak-ng.

It needs no download, and espeak-ng's own phone times come with it: what an aligner learns can be
held to the truth in milliseconds.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tts.data.corpora.source import CorpusError, Source
from tts.text import espeak
from tts.text.phonemes import EspeakPhonemizer
from tts.text.symbols import BOUNDARY
from tts.text.timing import symbol_ends

SENTENCES = Path(__file__).with_name("demo_sentences.txt")
_SILENCE = 0.05  # s before and after: espeak-ng itself leaves hardly any
_WORDS_PER_MINUTE = 165


class Demo:
    """``speakers`` take turns, a sentence each; a name stands for a voice variant of espeak-ng.

    ``limit`` keeps the first so many sentences. Times are exact to the sample of espeak-ng's events
    (tts.text.timing says how the symbols share them); the phonemes are those of the front end.
    """

    name = "demo"

    def __init__(
        self,
        speakers: Mapping[str, str] | None = None,
        language: str = "en-us",
        limit: int | None = None,
    ):
        self.speakers = dict(speakers) if speakers else {"anna": "f1", "ben": ""}
        self.language = language
        self.sentences = SENTENCES.read_text(encoding="utf-8").splitlines()[:limit]
        if language not in espeak.shared().languages or not language.startswith("en"):
            raise CorpusError(
                f"data.language={language!r}: the demo sentences are English; "
                "use en-us, en-gb or another English voice of espeak-ng"
            )

    def sources(self) -> Iterator[Source]:
        """About 16 minutes of speech in a few seconds; the same samples every time."""
        speakers = list(self.speakers.items())
        with espeak.private() as library:
            for index, text in enumerate(self.sentences):
                speaker, variant = speakers[index % len(speakers)]
                yield self._speak(library, index, text, speaker, variant)

    def fingerprint(self) -> dict[str, Any]:
        content = "\n".join(self.sentences).encode()
        return {
            "corpus": "demo",
            "sentences": hashlib.sha256(content).hexdigest(),
            "speakers": self.speakers,
            "language": self.language,
            "espeak": espeak.shared().version,
        }

    def _speak(
        self, library: espeak.Espeak, index: int, text: str, speaker: str, variant: str
    ) -> Source:
        speech = library.synthesize(text, self.language, variant, _WORDS_PER_MINUTE)
        silence = np.zeros(round(_SILENCE * speech.sample_rate), np.float32)
        samples = np.concatenate([silence, speech.samples, silence])
        delay = len(silence) / speech.sample_rate
        phones = [espeak.Phone(n, start + delay, end + delay) for n, start, end in speech.phones]
        groups = [[BOUNDARY], *EspeakPhonemizer().phones(text, self.language), [BOUNDARY]]
        return Source(
            id=f"{speaker}-{index:04d}",
            text=text,
            speaker=speaker,
            language=self.language,
            samples=samples,
            sample_rate=speech.sample_rate,
            phonemes="".join(symbol for group in groups for symbol in group),
            phoneme_ends=symbol_ends(groups, phones, len(samples) / speech.sample_rate),
        )
