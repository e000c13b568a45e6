"""Latin letters inside of text in another script: English words by espeak-ng."""

import re
from collections.abc import Callable

from tts.text.phonemes import EspeakPhonemizer

_LATIN = re.compile(r"[A-Za-zÀ-ÿ]+(?:['’][A-Za-z]+)?")


def with_latin(text: str, read: Callable[[str], str], capitals: bool = True) -> str:
    """Return the phones of ``text``: ``read`` reads what is between its Latin words.

    ``capitals``: whether words in capitals are English too, else ``read`` gets them.
    """
    parts: list[str] = []
    end = 0
    for match in _LATIN.finditer(text):
        if not capitals and match[0].isupper():
            continue
        parts += [read(text[end : match.start()]), EspeakPhonemizer()(match[0], "en-us")]
        end = match.end()
    parts.append(read(text[end:]))
    return " ".join(part for part in (part.strip() for part in parts) if part)
