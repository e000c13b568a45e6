"""Phonemizer with front ends of their own for Chinese, Japanese, Korean and Arabic.

espeak-ng cannot read kanji, does not restore the vowels that Arabic spelling leaves out, and
misses much of Chinese polyphony and Korean sound changes. Each of these languages is read by a
package that is installed by an extra, or by rules; every other language by espeak-ng. The symbols
are those of :mod:`tts.text.symbols` for all.
"""

import importlib
from collections.abc import Callable
from functools import cache

from tts.project_files import install_advice
from tts.text.errors import TextError
from tts.text.phonemes import EspeakPhonemizer, split_at_punctuation
from tts.text.scripts import scripts_of

# of the code before the first hyphen: module of this package, and the extra that it needs
_READERS = {
    "cmn": ("mandarin", "pypinyin", "chinese"),
    "zh": ("mandarin", "pypinyin", "chinese"),
    "ja": ("japanese", "pyopenjtalk", "japanese"),
    "ko": ("korean", None, None),
    "ar": ("arabic", "text2tashkeel", "arabic"),
}
_BY_ESPEAK = frozenset({"cmn-latn-pinyin", "zh-yue"})
_SCRIPTS = {"ja": ("HIRAGANA", "KATAKANA", "CJK", "IDEOGRAPHIC")}  # with kanji

Reader = Callable[[str], str]


class MultilingualPhonemizer:
    """Read Chinese, Japanese, Korean and Arabic by their own front ends, others by espeak-ng.

    Raises TextError naming the extra to install where a language's package is missing.
    """

    def __init__(self) -> None:
        self._espeak = EspeakPhonemizer()

    def __call__(self, text: str, language: str) -> str:
        reader = None if language in _BY_ESPEAK else _reader(language.split("-")[0])
        if reader is None:
            return self._espeak(text, language)
        return "".join(
            piece if is_break else reader(piece) for piece, is_break in split_at_punctuation(text)
        )

    def scripts(self, language: str) -> frozenset[str]:
        """Return the scripts that a language is read in."""
        return frozenset(_SCRIPTS.get(language.split("-")[0], ())) or scripts_of(language)


@cache
def _reader(code: str) -> Reader | None:
    """Return the function that reads a piece without punctuation; None for espeak-ng."""
    if code not in _READERS:
        return None
    module, package, extra = _READERS[code]
    if package is not None:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise TextError(
                f"language={code}: frontend=multilingual reads it with the package {package}: run "
                f"`{install_advice(str(extra))}`, or set frontend=espeak"
            ) from error
    reader: Reader = importlib.import_module(f"tts.text.readers.{module}").phones
    return reader
