"""English Roman numerals: rulers, chapters, wars, centuries."""

import re

from tts.text.normalize.numbers import Numbers
from tts.text.normalize.roman import value
from tts.text.normalize.shared_rules import Rule

# words before a numeral that is read as a cardinal: World War two, Rocky four
_COUNTED_TEXT = """
War Part Parts Book Chapter Chapters Volume Act Scene Section Sections Class Phase Type Appendix
Article Articles Level Title Stage Table Tables Figure Figures Fig Grade Group Annex Exhibit
Episode Episodes Season Bowl Fantasy Rocky Apollo Schedule Unit Step Mark Form Category Tier
Option Lesson Verse Canto Psalm Symphony Sonata Concerto Opus No Number Region Zone Factor
Division Corps Wars Quest Kombat Godfather Rambo Saw Halloween Alien Civilization Diabolo Warcraft
Theft Item Column Row Plate Vatican Euro Olympiad Wrestlemania WrestleMania Trek Gemini Saturn
Titan Complex Hall Pier Module Rank Stages Vol Ch number chapter volume part stage table figure
section title class type phase grade level act scene book
"""
_COUNTED = frozenset(_COUNTED_TEXT.split())
_RULERS_TEXT = """
Henry Edward Richard Charles James George William Elizabeth Mary John Louis Philip Ferdinand
Napoleon Frederick Wilhelm Alexander Nicholas Peter Catherine Paul Benedict Pius Gregory Leo
Clement Innocent Urban Francis Leopold Albert Gustav Christian Haakon Olav Harald Carl Umberto
Victor Emmanuel Otto Maximilian Joseph Ivan Boris Ramses Ramesses Ptolemy Darius Xerxes Cyrus
Constantine Justinian Theodosius Mehmed Selim Murad Alfonso Isabella Pedro Juan Felipe Carlos
Margaret Beatrix Robert David Stephen Sixtus Julius Adrian Hadrian Boniface
"""
_RULERS = frozenset(_RULERS_TEXT.split())
_TENTH = frozenset({"Charles", "Louis", "Leo", "Pius", "Gregory", "Clement", "Innocent"})
_NOT_NAMES_TEXT = """
The A An This That These Those In On At Of For From With By To And Or But If As Is Was My Your His
Her Its Our Their When While Some Any No Each Every All Both See Use Give Take Then
"""
_NOT_NAMES = frozenset(_NOT_NAMES_TEXT.split())
_NUMERAL = re.compile(
    r"\b(?:([A-Za-z][a-z]+|[A-Z]\w*)(\.?) )?"
    r"((?=[IVXLC])(?:C{0,2})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))(?![\w'&]|\.\w|-\w)"
    r"( (?:and|to|-) ([IVX]+)\b)?(?=( [a-z]+)?)"
)
_RANGE = re.compile(r"\b([IVX]+)(?: — |-)((?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3}))\b")  # I-III
_WORLD_WAR = re.compile(r"\bWW(II?)\b")
# verse iii, (iv)
_SMALL_NUMERAL = re.compile(
    r"((?i:\b(?:pages?|verse|chapter|part|section|note|item|act|scene|volume|book) )|(?<!\w)\()"
    r"((?=[ivx]{2})x{0,3}(?:ix|iv|v?i{0,3}))\b"
)
_SMALL = r"X{0,3}(?:IX|IV|V?I{0,3})"
_WORDS = {"L", "C", "CC", "CL", "CV", "CI", "LI", "LV", "XL", "CX"}  # rather letters
_PERIODS = frozenset(
    {
        " century",
        " centuries",
        " dynasty",
        " legion",
        " olympiad",
        " amendment",
        " edition",
        " congress",
    }
)
_AFTER_ONE = frozenset({"", " of", " in", " and", " is", " was", " to", " by", " at", " on"})
# words that make an I behind "In Part" a pronoun
_PRONOUN_VERBS = """
am was have had will would can could do did think thought know knew want wanted saw see went go said
say need should may might must found find wrote write read like liked love felt feel mean guess hope
just never always also really believe got get made
"""
_AFTER_PRONOUN = frozenset(f" {verb}" for verb in _PRONOUN_VERBS.split())
_AFTER_ONE |= {" died", " ruled", " reigned", " became", " had", " who", " ordered", " signed"}


def roman_numerals(numbers: Numbers) -> Rule:
    """Henry the eighth, World War two, the nineteenth century; the IV line is spelled."""

    def spell(match: re.Match[str]) -> str:
        before, dot, numeral = match[1] or "", match[2] or "", match[3]
        following = match[6] or ""
        if not numeral or numeral in _WORDS:
            return match[0]
        number = value(numeral)
        head = f"{before}{dot} " if before else ""
        rest = match[0][len(head) + len(numeral) :]
        if len(numeral) > 1 and following in _PERIODS:
            return f"{head}{numbers.ordinal(number)}{_range(rest, numbers, True)}"
        counted = before in _COUNTED or before.removesuffix("s") in _COUNTED
        if counted and (before[0].isupper() or len(numeral) > 1 or match[4]):
            if (
                numeral == "I"
                and not match[4]
                and (before.islower() or following in _AFTER_PRONOUN)
            ):
                return match[0]
            return f"{head}{numbers.cardinal(number)}{_range(rest, numbers, False)}"
        is_numeral = following in _AFTER_ONE if numeral == "I" else numeral != "X"
        if before in _RULERS and (is_numeral or (numeral == "X" and before in _TENTH)):
            return f"{head}the {numbers.ordinal(number)}{_range(rest, numbers, True)}"
        if len(numeral) == 1:
            return match[0]
        if before[:1].isupper() and not before.isupper() and before not in _NOT_NAMES:
            return f"{head}the {numbers.ordinal(number)}{_range(rest, numbers, True)}"
        if numeral in ("IV", "VI", "XI", "XX", "XXX"):
            return f"{head}{' '.join(numeral)}{rest}"
        return f"{head}{numbers.cardinal(number)}{_range(rest, numbers, False)}"

    def small(match: re.Match[str]) -> str:
        return f"{match[1]}{numbers.cardinal(value(match[2].upper()))}"

    has_numeral = re.compile(r"\b(?:[IVXLC]+|WWI|[ivx]{2,})\b")

    def read(text: str) -> str:
        if not has_numeral.search(text):
            return text
        text = _RANGE.sub(r"\1 to \2", text)
        text = _WORLD_WAR.sub(r"World War \1", text)
        return _SMALL_NUMERAL.sub(small, _NUMERAL.sub(spell, text))

    return read


def _range(rest: str, numbers: Numbers, ordinal: bool) -> str:
    """Read the second numeral of "Parts II and III"."""
    match = re.fullmatch(r"( \S+ )([IVX]+)", rest)
    if match is None or match[2] == "I" or not re.fullmatch(_SMALL, match[2]):
        return rest
    number = value(match[2])
    words = f"the {numbers.ordinal(number)}" if ordinal else numbers.cardinal(number)
    return f"{match[1]}{words}"
