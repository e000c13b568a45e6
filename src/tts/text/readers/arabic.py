"""Arabic: vowel marks by text2tashkeel, which runs offline, then phones by espeak-ng."""

from functools import cache

from text2tashkeel import Diacritizer

from tts.text.phonemes import EspeakPhonemizer

_MODEL = "bilstm-int8"  # the smallest that the package has
_MARKS = frozenset("\u064b\u064c\u064d\u064e\u064f\u0650\u0652")  # short vowels, tanwin, sukun


def phones(text: str) -> str:
    """Return the phones of a piece of text; words with vowel marks keep theirs."""
    marked = text if _MARKS & set(text) else _diacritizer().diacritize(text)
    return EspeakPhonemizer()(marked, "ar")


@cache
def _diacritizer() -> Diacritizer:
    return Diacritizer(_MODEL)
