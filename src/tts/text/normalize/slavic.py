"""What Russian and Polish share: plural forms, genders and cases of numbers with their nouns."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Currency, Rule, rule


class Noun(NamedTuple):
    """The forms of a noun that a number needs."""

    one: str  # nominative singular: 1 рубль
    few: str  # after 2 to 4: 2 рубля
    many: str  # after 5 and more, genitive plural: 5 рублей
    part: str  # genitive singular, after decimals: 2,5 рубля
    gender: str  # m, f or n


def nouns(table: Mapping[str, str]) -> dict[str, Noun]:
    """Parse ``"рубль рублей рубля m"``-like rows: one|few|many|part|gender, separated by "|"."""
    return {key: Noun(*forms.split("|")) for key, forms in table.items()}


class SlavicNumbers(Numbers):
    """Numbers with three plural forms, genders and cases.

    ``nouns``: all nouns of units and currencies by their first form. ``genitive``: for each word of
    a number its genitive.
    """

    nouns: Mapping[str, Noun]
    genitive: Mapping[str, str]

    def with_noun(self, written: str, singular: str, plural: str) -> str:
        noun = self.nouns.get(singular) or Noun(singular, plural, plural, plural, "m")
        return self.count(written, noun)

    def count(self, written: str, noun: Noun) -> str:
        """Return the words of a number and the noun in the form that agrees with it."""
        if self._decimal in written:
            return f"{self.read(written)} {noun.part}"
        return f"{self.agree(self.read(written), noun.gender)} {self.plural_form(written, noun)}"

    def count_in_genitive(self, written: str, noun: Noun) -> str:
        if self._decimal in written:
            return self.count(written, noun)
        words = self.agree(self.read(written), noun.gender)
        is_one = self.plural_form(written, noun) == noun.one and self._value(written) == 1
        return f"{self.in_genitive(words)} {noun.part if is_one else noun.many}"

    def plural_form(self, written: str, noun: Noun) -> str:
        """Return the noun's form after an integer; overridden for Polish."""
        number = self._value(written)
        if number % 10 == 1 and number % 100 != 11:
            return noun.one
        return noun.few if self._is_few(number) else noun.many

    def agree(self, words: str, gender: str) -> str:
        """Make "one" and "two" at the end of ``words`` agree with a gender."""
        raise NotImplementedError

    def in_genitive(self, words: str) -> str:
        return " ".join(self.genitive.get(word, word) for word in words.split())

    @staticmethod
    def _is_few(number: int) -> bool:
        return number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14)

    @staticmethod
    def _value(written: str) -> int:
        return int(re.sub(r"\D", "", written) or 0)


def currencies(money: Mapping[str, Noun], coins: Mapping[str, str]) -> dict[str, Currency]:
    """Return the currencies with a coin, by sign."""
    return {
        sign: Currency(noun.one, noun.many, coins[sign], coins[sign])
        for sign, noun in money.items()
        if sign in coins
    }


def units_with_case(numbers: SlavicNumbers, table: Mapping[str, Noun], genitive: str) -> Rule:
    """``5 км`` and ``до 5 км``. ``genitive``: a pattern of words that demand the genitive."""
    names = "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))

    def spell(match: re.Match[str]) -> str:
        noun = table[match[3]]
        if match[1]:
            return f"{match[1]} {numbers.count_in_genitive(match[2], noun)}"
        return numbers.count(match[2], noun)

    return rule(
        rf"(?:\b((?i:{genitive})) )?(?<![\w.,])({numbers.signed}) ?({names})(?![\w²³/])", spell
    )


def scales(numbers: SlavicNumbers, table: Mapping[str, Noun], of: Mapping[str, Noun]) -> Rule:
    """``5 млн руб.`` -> пять миллионов рублей; the noun after a scale is in the genitive plural."""
    scale = "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))
    noun = "|".join(re.escape(name) for name in sorted(of, key=len, reverse=True))

    def spell(match: re.Match[str]) -> str:
        words = numbers.count(match[2] or match[3], table[match[4]])
        counted = match[1] or match[5]
        return f"{words} {of[counted].many}" if counted else words

    return rule(
        rf"(?:(?<!\w)({noun}) ?({numbers.pattern})|(?<![\w.,])({numbers.signed})) ?"
        rf"({scale})\b\.?(?: ?({noun})(?!\w))?",
        spell,
    )


def slavic_prices_per(
    money: Mapping[str, Noun], units: Mapping[str, Noun], per: Mapping[str, str]
) -> Rule:
    """``100 zł/kg`` -> 100 zł za kilogram; ``per``: what is read for words that are no unit."""
    signs = "|".join(re.escape(sign) for sign in sorted(money, key=len, reverse=True))
    names = "|".join(re.escape(name) for name in sorted([*units, *per], key=len, reverse=True))

    def spell(match: re.Match[str]) -> str:
        name = match[2]
        words = per.get(name) or f"{per['']} {_accusative(units[name])}"
        return f"{match[1]} {words}{'.' * (match[3] == '.' and _ends(match))}"

    return rule(rf"(?<![^\W\d_])({signs})\.? ?/ ?({names})(?!\w)(\.?)", spell)


def _accusative(noun: Noun) -> str:
    if noun.gender != "f":
        return noun.one
    return re.sub(r"(?<=\w)а\b", "у", re.sub(r"(?<=\w)a\b", "ę", noun.one))


def _ends(match: re.Match[str]) -> bool:
    return not any(character.isalnum() for character in match.string[match.end() :])
