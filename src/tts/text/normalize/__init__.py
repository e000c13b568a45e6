"""Numbers, dates, money, abbreviations and the like as words, by the rules of each language.

A language is a module here that offers ``rules(language)``; one without its own is ``general``.
"""

import importlib
import importlib.util
import re
from functools import lru_cache
from typing import Any

from tts.text.normalize import general
from tts.text.normalize.rules import Rule

VERSION = 1  # one more whenever rules change: corpora are then prepared anew

_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_MARK = re.compile(r" (?=[.,!?;:…](?!\d))")


def normalize(text: str, language: str) -> str:
    """``text``, cleaned before, as words; ``language`` is an espeak-ng code such as en-us."""
    for rule in _rules(language):
        text = rule(text)
    return _SPACE_BEFORE_MARK.sub("", _SPACES.sub(" ", text)).strip()


@lru_cache(maxsize=256)
def abbreviations(language: str) -> frozenset[str]:
    """Abbreviations whose dot does not end a sentence."""
    module = _module(language)
    return frozenset(module.ABBREVIATIONS) if module else frozenset()


@lru_cache(maxsize=256)
def _rules(language: str) -> tuple[Rule, ...]:
    return tuple((_module(language) or general).rules(language))


def _module(language: str) -> Any:
    """The language's own module, or None."""
    base = re.split(r"[-_]", language)[0]
    name = f"{__name__}.{base}"
    known = re.fullmatch("[a-z]{2,3}", base) and importlib.util.find_spec(name)
    return importlib.import_module(name) if known else None
