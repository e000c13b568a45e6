"""Numbers as words, by num2words, for each language's decimal and grouping marks."""

import re
from functools import lru_cache

_MAX_DIGITS = 15  # longer numbers are codes and read digit by digit


class Numbers:
    """Read numbers in one language.

    ``code``: the language in num2words. ``decimal``, ``group``: the marks inside a number, of which
    ``group`` can be several. ``point``, ``minus``: the words for the decimal mark and the sign.
    """

    two_decimals_as_number = False  # 3,14 as three comma fourteen
    zeroth: str | None = None  # the ordinal of 0, where num2words has none

    def __init__(self, code: str, decimal: str, group: str, point: str, minus: str):
        self.code = code
        self.point, self.minus = point, minus
        self._decimal, self._group = decimal, group
        d, g = re.escape(decimal), f"[{re.escape(group)}]"
        # 1,234,567.8 or .8 or 1234.8 or 1234
        self.pattern = rf"(?:\d{{1,3}}(?:{g}\d{{3}})+(?!\d)(?:{d}\d+)?|\d+(?:{d}\d+)?|{d}\d+)"
        self.signed = rf"(?:(?<![\w.,])[-−])?{self.pattern}"

    def read(self, written: str) -> str:
        """Return the words of a written number with sign, groups and decimals."""
        sign = f"{self.minus} " if written[0] in "-−" else ""
        integer, _, fraction = written.lstrip("-−").partition(self._decimal)
        for mark in self._group:
            integer = integer.replace(mark, "")
        words = self.integer(integer) if integer else ""
        if fraction:
            pair = self.two_decimals_as_number and integer and re.fullmatch("[1-9][0-9]", fraction)
            decimals = self.cardinal(int(fraction)) if pair else self.digits(fraction)
            words = f"{words} {self.point} {decimals}"
        return (sign + words).strip()

    def with_noun(self, written: str, singular: str, plural: str) -> str:
        """Return the words of a number and the form of the noun that agrees with it."""
        if written.lstrip("-−") != "1":
            return f"{self.read(written)} {plural}"
        sign = f"{self.minus} " if written != "1" else ""
        return f"{sign}{self.one(singular)} {singular}"

    def one(self, noun: str) -> str:
        """Return "one" in front of ``noun``; overridden where it agrees with the noun's gender."""
        return self.cardinal(1)

    def integer(self, digits: str) -> str:
        """Read digits as a number, or one by one if there are many or the first is a zero."""
        if len(digits) > _MAX_DIGITS or (len(digits) > 1 and digits[0] == "0"):
            return self.digits(digits)
        return self.cardinal(int(digits))

    def digits(self, digits: str) -> str:
        return " ".join(self.cardinal(int(digit)) for digit in digits)

    def cardinal(self, number: int) -> str:
        return self.to_words(number, "cardinal")

    def ordinal(self, number: int) -> str:
        if number == 0 and self.zeroth is not None:
            return self.zeroth
        return self.to_words(number, "ordinal")

    def year(self, number: int) -> str:
        return self.to_words(number, "year")

    def to_words(self, number: int, kind: str) -> str:
        """Call num2words; languages override it to correct the result."""
        return _num2words(number, self.code, kind)


@lru_cache(maxsize=20_000)
def _num2words(number: int, code: str, kind: str) -> str:
    from num2words import num2words  # takes 0.1 s to import

    return num2words(number, lang=code, to=kind).replace(",", "")


def is_supported(code: str) -> bool:
    """Return whether num2words supports the language."""
    from num2words import CONVERTER_CLASSES

    return code in CONVERTER_CLASSES
