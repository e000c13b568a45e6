"""Text normalization: numbers, dates, money and abbreviations as words. One file per language.

The rules of a language are in ``<code>.py`` in this folder, named by its ISO 639 code: ``en.py``,
``de.py``. To add Persian, write ``fa.py`` with two names; nothing else registers it:

- ``rules(language) -> list[Rule]``: functions of the text, applied in order. ``language`` is the
  full code, such as "en-gb", for regional differences. :mod:`.shared_rules` makes common ones.
- ``ABBREVIATIONS``: a table of :mod:`.abbreviations`, which sentence splitting uses too.

Tables of words are in ``<code>_tables.py``. A language without a file uses ``fallback.py``.

Rules get one sentence: text is split at the same ends as by :mod:`tts.text.sentences`, so the
sentences of a text normalized one by one are its normalization.
"""

import importlib
import importlib.util
import re
from functools import lru_cache
from typing import Protocol, cast

from tts.text.normalize import fallback
from tts.text.normalize.abbreviations import Abbreviations
from tts.text.normalize.sentence_ends import sentences
from tts.text.normalize.shared_rules import Rule

VERSION = 4  # increase it when rules change, so that corpora are prepared again

_SPACES = re.compile(r"\s+")
_NO_ABBREVIATIONS = Abbreviations()
_UNREAD = re.compile(r"[_~^]")  # marks inside addresses and formulas, if no rule reads them
_SPACE_BEFORE_MARK = re.compile(r" (?=[.,!?;:…](?!\d))|(?<=\() | (?=\))")


class LanguageRules(Protocol):
    """What the module of a language offers."""

    ABBREVIATIONS: Abbreviations

    def rules(self, language: str) -> list[Rule]: ...


def normalize(text: str, language: str) -> str:
    """Write ``text`` out as words, after :func:`tts.text.clean.clean`.

    ``language`` is an espeak-ng code such as "en-us".
    """
    rules, table = _rules(language), abbreviations(language)
    written = []
    for line in text.split("\n"):
        for start, end in sentences(line, table, language):
            sentence = line[start:end].strip()
            for rule in rules:
                sentence = rule(sentence)
            sentence = _UNREAD.sub(" ", sentence)
            written.append(_SPACE_BEFORE_MARK.sub("", _SPACES.sub(" ", sentence)).strip())
    return " ".join(filter(None, written))


@lru_cache(maxsize=256)
def abbreviations(language: str) -> Abbreviations:
    """Return the abbreviations of a language; an empty table for a language without a file."""
    module = _language_module(language)
    return module.ABBREVIATIONS if module else _NO_ABBREVIATIONS


@lru_cache(maxsize=256)
def _rules(language: str) -> tuple[Rule, ...]:
    module = _language_module(language)
    return tuple(module.rules(language) if module else fallback.rules(language))


def _language_module(language: str) -> LanguageRules | None:
    """Import ``<code>.py`` of the language; None if there is none."""
    code = re.split(r"[-_]", language)[0]
    name = f"{__name__}.{code}"
    exists = re.fullmatch("[a-z]{2,3}", code) and importlib.util.find_spec(name)
    return cast(LanguageRules, importlib.import_module(name)) if exists else None
