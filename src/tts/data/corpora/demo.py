"""Demo corpus: the project's own sentences, synthesized by two voices of espeak-ng.

It needs no download. espeak-ng's phone times are included, so that a learned alignment can be
compared with true times in milliseconds.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np

from tts.bounds import Count, Length
from tts.data.corpora.source import CorpusError, Source
from tts.plain_data import PlainData
from tts.text import espeak
from tts.text.phonemes import EspeakPhonemizer
from tts.text.symbols import BOUNDARY
from tts.text.timing import symbol_ends

SENTENCES = Path(__file__).with_name("demo_sentences.txt")
_SILENCE = 0.05  # seconds before and after; espeak-ng itself leaves hardly any
_WORDS_PER_MINUTE = 165


class Demo:
    """Synthesized sentences, spoken by the ``speakers`` in rotation.

    ``speakers``: name -> voice variant of espeak-ng. ``limit``: number of sentences to keep, from
    the first; None = all. Times are exact to the sample of espeak-ng's events, which the symbols
    share as in :mod:`tts.text.timing`; the phonemes are those of the front end.
    """

    name = "demo"

    def __init__(
        self,
        speakers: Annotated[Mapping[str, str], Length()] | None = None,
        language: str = "en-us",
        limit: Count | None = None,
    ):
        self.speakers = dict(speakers) if speakers else {"anna": "f1", "ben": ""}
        self.language = language
        self.sentences = SENTENCES.read_text(encoding="utf-8").splitlines()[:limit]
        if language not in espeak.shared().languages or not language.startswith("en"):
            raise CorpusError(
                f"data.language={language!r}: the demo sentences are English; choose en-us, en-gb "
                "or another English voice of espeak-ng"
            )
        known = ("", *espeak.shared().variants)
        for speaker, variant in self.speakers.items():
            if variant not in known:
                raise CorpusError(
                    f"data.speakers.{speaker}={variant}: espeak-ng has no such voice variant; "
                    f"choose from {', '.join(known[1:])}"
                )

    def sources(self) -> Iterator[Source]:
        """Synthesize about 16 minutes of speech in a few seconds; deterministic."""
        speakers = list(self.speakers.items())
        with espeak.private() as library:
            for index, text in enumerate(self.sentences):
                speaker, variant = speakers[index % len(speakers)]
                yield self._synthesize(library, index, text, speaker, variant)

    def fingerprint(self) -> PlainData:
        content = "\n".join(self.sentences).encode()
        return {
            "corpus": "demo",
            "sentences": hashlib.sha256(content).hexdigest(),
            "speakers": self.speakers,
            "language": self.language,
            "espeak": espeak.shared().version,
        }

    def _synthesize(
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
