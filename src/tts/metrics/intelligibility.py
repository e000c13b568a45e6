"""Word and character error rate of an offline English speech recognizer (pocketsphinx).

The wheel of pocketsphinx contains an acoustic model and a dictionary. With its own language model
the error rate on recordings is 18 %. A bigram model over the texts of the corpus, test texts
included, lowers it to about 5 % and still detects missing and skipped words. Use it to detect
failures, not to rank systems: clear synthetic speech can score better than recordings.
"""

import tempfile
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tts.audio.level import normalize_level
from tts.metrics.evaluation_sample import (
    SPEECH_LEVEL,
    SPEECH_SAMPLE_RATE,
    EvaluationSample,
    resample_to_16k,
)
from tts.metrics.language_model import split_words, write_bigram_model
from tts.metrics.measure import Measure, Statistics
from tts.metrics.optional_packages import MissingPackageError, require_package
from tts.warnings_once import warn_once

PADDING = 0.25  # seconds of silence on both sides

# espeak-ng's American English IPA to ARPAbet
ARPABET = {
    "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "ɔɪ": "OY", "tʃ": "CH", "dʒ": "JH",
    "ɑː": "AA", "ɔː": "AO", "iː": "IY", "uː": "UW", "ɜː": "ER", "ɚ": "ER", "ɝ": "ER",
    "æ": "AE", "ʌ": "AH", "ə": "AH", "ɐ": "AH", "ɛ": "EH", "ɪ": "IH", "ᵻ": "IH", "i": "IY",
    "ʊ": "UH", "u": "UW", "ɔ": "AO", "ɑ": "AA", "ɒ": "AA", "o": "OW", "e": "EH", "a": "AA",
    "θ": "TH", "ð": "DH", "ʃ": "SH", "ʒ": "ZH", "ŋ": "NG", "ɹ": "R", "r": "R", "ɾ": "D",
    "ɡ": "G", "g": "G", "j": "Y", "b": "B", "d": "D", "f": "F", "h": "HH", "k": "K", "l": "L",
    "ɫ": "L", "m": "M", "n": "N", "p": "P", "s": "S", "t": "T", "v": "V", "w": "W", "z": "Z",
    "x": "K", "ç": "HH", "y": "IY", "ø": "ER",
}  # fmt: skip


class RecognitionErrors(NamedTuple):
    """Edits (substitutions, insertions, deletions) and the length of the reference."""

    word_errors: int
    reference_words: int
    character_errors: int
    reference_characters: int


def count_errors(reference: str, hypothesis: str) -> RecognitionErrors:
    """Count the edits between two texts, by words and by characters; ignores case, punctuation."""
    expected, recognized = split_words(reference), split_words(hypothesis)
    return RecognitionErrors(
        edit_distance(expected, recognized), len(expected),
        edit_distance(" ".join(expected), " ".join(recognized)), len(" ".join(expected)),
    )  # fmt: skip


def edit_distance(a: Sequence[object], b: Sequence[object]) -> int:
    """Return the Levenshtein distance: the fewest substitutions, insertions and deletions."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


class Recognizer:
    """English speech recognizer, about 0.1 s of one core per second of audio.

    ``texts``: all texts of the corpus and of the test set, for the language model and the
    vocabulary. Raises MissingPackageError without pocketsphinx.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        pocketsphinx = require_package("pocketsphinx", "word error rate")
        with tempfile.TemporaryDirectory() as folder:
            model, dictionary = Path(folder) / "words.arpa", Path(folder) / "words.dict"
            vocabulary = write_bigram_model(model, texts)
            dictionary.write_text("\n".join(pronunciations(vocabulary)) + "\n", encoding="utf-8")
            self.decoder = pocketsphinx.Decoder(
                hmm=pocketsphinx.get_model_path("en-us/en-us"),
                lm=str(model),
                dict=str(dictionary),
                loglevel="FATAL",
            )
        self.initial_cmn = self.decoder.get_cmn(False)

    def __call__(self, wave: np.ndarray, sample_rate: int) -> str:
        """Return the recognized words of ``(S,)`` samples in lower case; "" for none."""
        return self._decode(normalize_level(resample_to_16k(wave, sample_rate), SPEECH_LEVEL))

    def transcribe(self, sample: EvaluationSample) -> str:
        """Return the recognized words of a sample."""
        return self._decode(sample.speech)

    def _decode(self, speech: np.ndarray) -> str:
        speech = np.pad(speech, round(PADDING * SPEECH_SAMPLE_RATE))
        samples = (np.clip(speech, -1, 1) * 32767).astype(np.int16)
        self.decoder.set_cmn(self.initial_cmn)  # else it adapts to the previous utterance
        self.decoder.start_utt()
        self.decoder.process_raw(samples.tobytes(), full_utt=True)
        self.decoder.end_utt()
        hypothesis = self.decoder.hyp()
        return hypothesis.hypstr if hypothesis is not None else ""


class ErrorRate(Measure):
    """Base of error rates: statistics are edits and the length of the reference, in percent."""

    unit, digits, num_statistics, higher_is_better = "%", 1, 2, False

    def finalize(self, mean: np.ndarray) -> np.ndarray:
        return 100 * mean[..., 0] / np.maximum(mean[..., 1], 1e-12)


class ASRError(ErrorRate):
    """Base of the error rates of words and characters."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.texts: tuple[str, ...] = ()

    def prepare(self, texts: Sequence[str]) -> None:
        self.texts = tuple(sorted(set(texts)))

    def transcribe(self, sample: EvaluationSample) -> str | None:
        """Return the recognized words; None without a text or in another language than English."""
        if not sample.text:
            return None
        if not sample.language.startswith("en"):
            warn_once(f"{self.label} is skipped for {sample.language}: it needs English")
            return None
        return sample.cached(recognizer(self.texts or (sample.text,)).transcribe)

    def transcript(self, sample: EvaluationSample) -> str:
        """Return the recognized words for the report; "" if there are none."""
        try:
            return self.transcribe(sample) or ""
        except MissingPackageError:
            return ""

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        transcript = self.transcribe(sample)
        return None if transcript is None else self.select(count_errors(sample.text, transcript))

    def select(self, errors: RecognitionErrors) -> Statistics:
        """Return the number of edits and the length of the reference."""
        raise NotImplementedError


class WordErrorRate(ASRError):
    """Word error rate of :class:`Recognizer` in percent; from 0, lower is better.

    Detects failures, does not rank systems. Cost: about 0.1 s per second of audio, shared with the
    character error rate.
    """

    label = "word error rate"

    def select(self, errors: RecognitionErrors) -> Statistics:
        return errors.word_errors, errors.reference_words


class CharacterErrorRate(ASRError):
    """Character error rate of :class:`Recognizer` in percent; from 0, lower is better.

    Cost: about 0.1 s per second of audio, shared with the word error rate.
    """

    label = "character error rate"

    def select(self, errors: RecognitionErrors) -> Statistics:
        return errors.character_errors, errors.reference_characters


@lru_cache(maxsize=2)
def recognizer(texts: tuple[str, ...]) -> Recognizer:
    """Build a recognizer once per process and set of texts: it takes a second."""
    return Recognizer(texts)


def pronunciations(vocabulary: set[str]) -> list[str]:
    """Return dictionary lines for the words; espeak-ng transcribes those not in the dictionary."""
    pocketsphinx = require_package("pocketsphinx", "word error rate")
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
            if phones := ipa_to_arpabet(phonemize(word, "en-us")):
                lines.append(f"{word} {' '.join(phones)}")
    return lines


def ipa_to_arpabet(ipa: str) -> list[str]:
    """Map espeak-ng's American English IPA to ARPAbet phones; unknown symbols are skipped."""
    phones: list[str] = []
    position = 0
    while position < len(ipa):
        for size in (2, 1):
            if phone := ARPABET.get(ipa[position : position + size]):
                phones.append(phone)
                position += size
                break
        else:
            position += 1
    return phones
