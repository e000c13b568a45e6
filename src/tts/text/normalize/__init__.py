"""Numbers, dates, money, abbreviations and the like as words, by the rules of each language.

A language is a module here that offers ``rules(language)``; one without its own is ``general``.
"""

import importlib.util
import re
from functools import lru_cache

from tts.text.normalize import general
from tts.text.normalize.rules import Rule

_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_MARK = re.compile(r" (?=[.,!?;:…](?!\d))")


def normalize(text: str, language: str) -> str:
    """``text``, cleaned before, as words; ``language`` is an espeak-ng code such as en-us."""
    for rule in _rules(language):
        text = rule(text)
    return _SPACE_BEFORE_MARK.sub("", _SPACES.sub(" ", text)).strip()


@lru_cache(maxsize=256)
def _rules(language: str) -> tuple[Rule, ...]:
    base = re.split(r"[-_]", language)[0]
    name = f"{__name__}.{base}"
    if re.fullmatch("[a-z]{2,3}", base) and importlib.util.find_spec(name):
        return tuple(importlib.import_module(name).rules(language))
    return tuple(general.rules(language))
