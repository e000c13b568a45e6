"""Word and character error of an offline recognizer: can one understand what was said?

The recognizer is pocketsphinx, whose wheel carries an English acoustic model and a dictionary. Its
own language model leaves a floor of 18 % on real speech; a bigram over the corpus's texts with the
tested texts added once, the same for every system, brings that to about 5 % and still notices what
is swallowed or skipped. A gate, not a ranking: clear synthetic speech can beat recordings.
"""

import tempfile
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tts.metrics.evaluation_sample import LEVEL, SPEECH_RATE, EvaluationSample, level, resample
from tts.metrics.language_model import words, write_bigrams
from tts.metrics.measure import Measure, Row
from tts.metrics.optional_packages import MissingPackageError, require_package, say_once

PAD = 0.25  # seconds of silence on both sides

# espeak-ng's American English phones in the dictionary's alphabet, longest first
_ARPABET = {
    "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "ɔɪ": "OY", "tʃ": "CH", "dʒ": "JH",
    "ɑː": "AA", "ɔː": "AO", "iː": "IY", "uː": "UW", "ɜː": "ER", "ɚ": "ER", "ɝ": "ER",
    "æ": "AE", "ʌ": "AH", "ə": "AH", "ɐ": "AH", "ɛ": "EH", "ɪ": "IH", "ᵻ": "IH", "i": "IY",
    "ʊ": "UH", "u": "UW", "ɔ": "AO", "ɑ": "AA", "ɒ": "AA", "o": "OW", "e": "EH", "a": "AA",
    "θ": "TH", "ð": "DH", "ʃ": "SH", "ʒ": "ZH", "ŋ": "NG", "ɹ": "R", "r": "R", "ɾ": "D",
    "ɡ": "G", "g": "G", "j": "Y", "b": "B", "d": "D", "f": "F", "h": "HH", "k": "K", "l": "L",
    "ɫ": "L", "m": "M", "n": "N", "p": "P", "s": "S", "t": "T", "v": "V", "w": "W", "z": "Z",
    "x": "K", "ç": "HH", "y": "IY", "ø": "ER",
}  # fmt: skip


class Errors(NamedTuple):
    """Edits (substitutions, insertions, deletions) and the length they are measured against."""

    words: int
    of_words: int
    characters: int
    of_characters: int


def count_errors(reference: str, hypothesis: str) -> Errors:
    """Edits between two texts, by words and by characters, case and punctuation aside."""
    truth, heard = words(reference), words(hypothesis)
    return Errors(
        edit_distance(truth, heard), len(truth),
        edit_distance(" ".join(truth), " ".join(heard)), len(" ".join(truth)),
    )  # fmt: skip


def edit_distance(a: Sequence[Any], b: Sequence[Any]) -> int:
    """Levenshtein's: the least number of substitutions, insertions and deletions."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


class Recognizer:
    """English speech to words, about 0.1 s of one core per second of audio.

    ``texts`` are all the texts of the corpus and all the tested ones, once each: the language
    model and the vocabulary. Raises MissingPackageError without pocketsphinx.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        pocketsphinx = require_package("pocketsphinx", "word error")
        with tempfile.TemporaryDirectory() as folder:
            model, dictionary = Path(folder) / "words.arpa", Path(folder) / "words.dict"
            vocabulary = write_bigrams(model, texts)
            dictionary.write_text("\n".join(pronunciations(vocabulary)) + "\n", encoding="utf-8")
            self.decoder = pocketsphinx.Decoder(
                hmm=pocketsphinx.get_model_path("en-us/en-us"),
                lm=str(model),
                dict=str(dictionary),
                loglevel="FATAL",
            )
        self.fresh = self.decoder.get_cmn(False)

    def __call__(self, wave: np.ndarray, sample_rate: int) -> str:
        """``(S,)`` samples -> the words heard, lower case; "" for none."""
        return self._words(level(resample(wave, sample_rate), LEVEL))

    def hear(self, take: EvaluationSample) -> str:
        """What is heard of a take."""
        return self._words(take.speech)

    def _words(self, speech: np.ndarray) -> str:
        speech = np.pad(speech, round(PAD * SPEECH_RATE))
        samples = (np.clip(speech, -1, 1) * 32767).astype(np.int16)
        self.decoder.set_cmn(self.fresh)  # or it would hear by the speaker before
        self.decoder.start_utt()
        self.decoder.process_raw(samples.tobytes(), full_utt=True)
        self.decoder.end_utt()
        hypothesis = self.decoder.hyp()
        return hypothesis.hypstr if hypothesis is not None else ""


class ASRError(Measure):
    """What word and character error have in common: rows of edits and of what was to be said."""

    unit, digits, width, higher_is_better = "%", 1, 2, False

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.texts: tuple[str, ...] = ()

    def prepare(self, texts: Sequence[str]) -> None:
        self.texts = tuple(sorted(set(texts)))

    def heard(self, take: EvaluationSample) -> str | None:
        """The words of a take; None where its language is not the recognizer's."""
        if not take.text:
            return None
        if not take.language.startswith("en"):
            say_once(f"{self.label} is left out for {take.language}: the recognizer hears English")
            return None
        return take.once(recognizer(self.texts or (take.text,)).hear)

    def words(self, take: EvaluationSample) -> str:
        """What is heard, for people to read; "" where nothing can be."""
        try:
            return self.heard(take) or ""
        except MissingPackageError:
            return ""

    def row(self, take: EvaluationSample) -> Row | None:
        heard = self.heard(take)
        return None if heard is None else self.errors(count_errors(take.text, heard))

    def errors(self, found: Errors) -> Row:
        raise NotImplementedError

    def finish(self, mean: np.ndarray) -> np.ndarray:
        return 100 * mean[..., 0] / np.maximum(mean[..., 1], 1e-12)


class WordErrorRate(ASRError):
    """Word error of :class:`Recognizer` in percent, from 0; lower is better.

    A gate, not a ranking. About 0.1 s of one core per second of audio, shared with the character
    error.
    """

    label = "word error"

    def errors(self, found: Errors) -> Row:
        return found.words, found.of_words


class CharacterErrorRate(ASRError):
    """Character error of :class:`Recognizer` in percent, from 0; lower is better."""

    label = "character error"

    def errors(self, found: Errors) -> Row:
        return found.characters, found.of_characters


@lru_cache(maxsize=2)
def recognizer(texts: tuple[str, ...]) -> Recognizer:
    """One per process and set of texts: making it takes a second."""
    return Recognizer(texts)


def pronunciations(vocabulary: set[str]) -> list[str]:
    """Dictionary lines for the words; those the dictionary lacks are sounded out by espeak-ng."""
    pocketsphinx = require_package("pocketsphinx", "word error")
    lines: list[str] = []
    known: set[str] = set()
    path = Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = line.split(" ", 1)[0]
        word = entry.split("(")[0]
        if word in vocabulary:
            known.add(word)
            lines.append(line)
    unknown = sorted(vocabulary - known)
    if unknown:
        from tts.text.phonemes import EspeakPhonemizer

        phonemize = EspeakPhonemizer()
        for word in unknown:
            if phones := arpabet(phonemize(word, "en-us")):
                lines.append(f"{word} {' '.join(phones)}")
    return lines


def arpabet(ipa: str) -> list[str]:
    """IPA as espeak-ng writes American English -> the dictionary's phones; others are left out."""
    phones: list[str] = []
    place = 0
    while place < len(ipa):
        for size in (2, 1):
            if phone := _ARPABET.get(ipa[place : place + size]):
                phones.append(phone)
                place += size
                break
        else:
            place += 1
    return phones
