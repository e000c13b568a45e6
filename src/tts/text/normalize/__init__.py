"""Text normalization: numbers, dates, money and abbreviations as words. One file per language.

The rules of a language are in ``<code>.py`` in this folder, named by its ISO 639 code: ``en.py``,
``de.py``. To add Persian, write ``fa.py`` with two names; nothing else registers it:

- ``rules(language) -> list[Rule]``: functions of the text, applied in order. ``language`` is the
  full code, such as "en-gb", for regional differences. :mod:`.shared_rules` makes common ones.
- ``ABBREVIATIONS``: abbreviations whose dot does not end a sentence.

Tables of words are in ``<code>_tables.py``. A language without a file uses ``fallback.py``.
"""

import importlib
import importlib.util
import re
from collections.abc import Collection
from functools import lru_cache
from typing import Protocol, cast

from tts.text.normalize import fallback
from tts.text.normalize.shared_rules import Rule

VERSION = 1  # increase it when rules change, so that corpora are prepared again

_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_MARK = re.compile(r" (?=[.,!?;:…](?!\d))")


class LanguageRules(Protocol):
    """What the module of a language offers."""

    ABBREVIATIONS: Collection[str]

    def rules(self, language: str) -> list[Rule]: ...


def normalize(text: str, language: str) -> str:
    """Write ``text`` out as words, after :func:`tts.text.clean.clean`.

    ``language`` is an espeak-ng code such as "en-us".
    """
    for rule in _rules(language):
        text = rule(text)
    return _SPACE_BEFORE_MARK.sub("", _SPACES.sub(" ", text)).strip()


@lru_cache(maxsize=256)
def abbreviations(language: str) -> frozenset[str]:
    """Return the abbreviations whose dot does not end a sentence."""
    module = _language_module(language)
    return frozenset(module.ABBREVIATIONS) if module else frozenset()


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
