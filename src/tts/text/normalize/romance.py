"""What the Romance languages share: agreement with nouns, decimals, rulers, amounts of millions."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from tts.text.normalize import roman
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule

_UPPER, _LETTER = "[A-ZÀ-ÖØ-Þ]", r"[^\W\d_]"


_MILLIONS = re.compile(
    r"\b(?:mill[oó]n|millones|milion[ei]|miliard[oi]|milh(?:ão|ões)|millions?|milliards?)$"
)


class RomanceNumbers(Numbers):
    """Numbers that agree with the noun after them; decimals are read as a number: 3,14.

    ``is_feminine`` guesses the gender of a noun, in the singular or plural.
    """

    is_feminine: Callable[[str], bool]
    two_decimals_as_number = True
    of = "de "  # between a million and its noun
    elided_of = ""
    singular_below_two = False  # un virgule cinq degré

    def with_noun(self, written: str, singular: str, plural: str) -> str:
        digits = written.lstrip("-−")
        small = self.singular_below_two and re.match(r"[01](?!\d|[. ]\d{3})", digits)
        one = digits == "1" or small
        noun = singular if one else plural
        return f"{self.before_noun(self.agreeing(written, noun), noun)}{noun}"

    def agreeing(self, written: str, noun: str) -> str:
        """Return the words of a number in front of ``noun``."""
        words = self.read(written)
        if self._decimal in written:
            return words
        return self.agree(words, self.is_feminine(noun.split()[0]), noun)

    def agree(self, words: str, feminine: bool, noun: str) -> str:
        raise NotImplementedError

    def before_noun(self, words: str, noun: str) -> str:
        """Append what stands between a number and its noun: un millón de, un'ora."""
        if _MILLIONS.search(words):
            vowel = self.elided_of and noun[0].lower() in "aeéèiouhyàâ"
            return f"{words} {self.elided_of if vowel else self.of}"
        return words if words.endswith("'") else f"{words} "


def counted_nouns(numbers: RomanceNumbers, not_nouns: str, numbered: str) -> Rule:
    """Make a number agree with the noun after it: 1 hora -> una hora.

    ``not_nouns``: a pattern of words that can follow a number and are not what it counts.
    ``numbered``: a pattern of nouns that a number names: página 1.
    """
    pattern = (
        rf"(?:\b((?i:{numbered}))\.? )?(?<![\w,/:-])(?<!\d\.)({numbers.signed}) "
        rf"(?=({_LETTER}{{2,}}))(?!(?i:{not_nouns})\b)"
    )

    def spell(match: re.Match[str]) -> str:
        if match[1] or re.match(r"[-−]?0\d", match[2]):
            return match[0]
        return numbers.before_noun(numbers.agreeing(match[2], match[3]), match[3])

    return rule(pattern, spell)


def halves(numbers: RomanceNumbers, spell: Callable[[bool, str], str], not_nouns: str) -> Rule:
    """1/2 kilo -> medio kilo; ``spell(feminine, noun)``: what stands before the noun."""

    def read(match: re.Match[str]) -> str:
        return spell(numbers.is_feminine(match[1]), match[1])

    return rule(rf"(?<![\w.,/])(?<!\d )1[/⁄]2 (?=({_LETTER}{{2,}}))(?!(?i:{not_nouns})\b)", read)


def scaled_money(scales: str, words: Mapping[str, str]) -> Rule:
    """``3 millones €`` -> 3 millones de euros; ``words``: what is read for a sign after a scale."""
    signs = "|".join(re.escape(sign) for sign in sorted(words, key=len, reverse=True))
    before = re.compile(rf"({signs}) ?(\d[\d.,]*) ({scales})\b")
    after = re.compile(rf"\b({scales}) ?({signs})(?!\w)")

    def spell(text: str) -> str:
        text = before.sub(lambda m: f"{m[2]} {m[3]} {words[m[1]]}", text)
        return after.sub(lambda m: f"{m[1]} {words[m[2]]}", text)

    return spell


def dates_with_de(
    numbers: Numbers, months: Sequence[str], first: str
) -> Callable[[int, int, int | None], str]:
    """Return ``date(day, month, year)``: tres de mayo de mil; ``first``: the first day."""

    def date(day: int, month: int, year: int | None) -> str:
        words = f"{first if day == 1 else numbers.cardinal(day)} de {months[month - 1]}"
        return f"{words} de {numbers.cardinal(year)}" if year else words

    return date


def days_and_months(before: str, spell: Callable[[int, int, None], str]) -> Rule:
    """El 24/12 and el día 3/5: dates without a year, read by ``spell`` behind ``before``."""

    def read(match: re.Match[str]) -> str:
        day, month = int(match[2]), int(match[3])
        valid = 1 <= month <= 12 and 1 <= day <= 31
        return f"{match[1]} {spell(day, month, None)}" if valid else match[0]

    return rule(rf"\b({before}) (\d{{1,2}})/(\d{{1,2}})(?![\w/]|[.,]\d)", read)


def rulers(
    spell: Callable[[int, str], str], names: Collection[str], not_names: Collection[str]
) -> Rule:
    """Louis XIV: a capitalized word and a Roman numeral, read by ``spell(number, name)``.

    A numeral of one letter needs a name in ``names``. ``not_names``: capitalized words before a
    numeral that are no names, such as articles.
    """

    def read(match: re.Match[str]) -> str:
        name, numeral = match[1], match[2]
        if name in not_names or (len(numeral) == 1 and name not in names):
            return match[0]
        return f"{name} {spell(roman.value(numeral), name)}"

    return rule(rf"\b({_UPPER}{_LETTER}+) ({roman.SMALL_NUMERAL})(?![\w'’])(?!\.\w)", read)


def guess_feminine(
    noun: str, plural: str, feminine: Collection[str], masculine: Collection[str], ending: str
) -> bool:
    """Guess the gender of ``noun`` from lists of singulars and a pattern of feminine endings.

    ``plural``: the characters of plural endings.
    """
    word = noun.lower()
    forms = {word} | {word.removesuffix(plural[-cut:]) for cut in range(1, len(plural) + 1)}
    if forms & set(masculine):
        return False
    return bool(forms & set(feminine)) or any(re.fullmatch(ending, form) for form in forms)


_EVENTS = (
    "Guerra|República|Internacional|Congreso|Congresso|Edição|Edición|Conferencia|Conferência|"
    "Cumbre|Jornadas?|Encuentro|Encontro|Concilio|Concílio|Reich|Bienal|Simposio|Simpósio|Torneo|"
    "Torneio|Festival|Exposición|Exposição|Plan|Plano|Cúpula|Foro|Fórum"
)


def numbered_event(spell: Callable[[int, str], str]) -> Rule:
    """II Guerra Mundial, III Congreso: read by ``spell(number, noun)``, capitalized."""
    numeral = rf"(?=[IVX]{{2}}){roman.SMALL_NUMERAL}"
    return rule(
        rf"(?<![\w'’-] )(?<![\w.])({numeral}) (?=({_UPPER}{_LETTER}{{3,}}))"
        rf"|\b({roman.SMALL_NUMERAL}) (?=({_EVENTS})\b)",
        lambda m: f"{spell(roman.value(m[1] or m[3]), m[2] or m[4]).capitalize()} ",
    )
