"""Numbers as words: num2words with each language's way of writing numbers around it."""

import re
from functools import lru_cache

_LONGEST = 15  # digits; longer ones are codes rather than quantities, and read digit by digit


class Numbers:
    """How one language writes and says numbers.

    ``code`` is num2words' name of the language; ``decimal`` and ``group`` the marks inside a
    number; ``point`` and ``minus`` what they are called.
    """

    def __init__(self, code: str, decimal: str, group: str, point: str, minus: str):
        self.code = code
        self.point, self.minus = point, minus
        self._decimal, self._group = decimal, group
        d, g = re.escape(decimal), f"[{re.escape(group)}]"
        # 1,234,567.8 or .8 or 1234.8 or 1234
        self.pattern = rf"(?:\d{{1,3}}(?:{g}\d{{3}})+(?!\d)(?:{d}\d+)?|\d+(?:{d}\d+)?|{d}\d+)"
        self.signed = rf"(?:(?<![\w.,])[-−])?{self.pattern}"

    def words(self, written: str) -> str:
        """A number as the language writes it, sign, groups and decimals included."""
        sign = f"{self.minus} " if written[0] in "-−" else ""
        whole, _, fraction = written.lstrip("-−").partition(self._decimal)
        for mark in self._group:
            whole = whole.replace(mark, "")
        spoken = self.whole(whole) if whole else ""
        if fraction:
            spoken = f"{spoken} {self.point} {self.digits(fraction)}"
        return (sign + spoken).strip()

    def counted(self, written: str, one: str, many: str) -> str:
        """A number of things, by their singular and plural."""
        if written.lstrip("-−") != "1":
            return f"{self.words(written)} {many}"
        sign = f"{self.minus} " if written != "1" else ""
        return f"{sign}{self.one(one)} {one}"

    def one(self, noun: str) -> str:
        """One of something, where a language has an article for it."""
        return self.cardinal(1)

    def whole(self, digits: str) -> str:
        """Digits as a quantity; one by one where they are a code: long, or led by a zero."""
        if len(digits) > _LONGEST or (len(digits) > 1 and digits[0] == "0"):
            return self.digits(digits)
        return self.cardinal(int(digits))

    def digits(self, digits: str) -> str:
        return " ".join(self.cardinal(int(digit)) for digit in digits)

    def cardinal(self, number: int) -> str:
        return self.say(number, "cardinal")

    def ordinal(self, number: int) -> str:
        return self.say(number, "ordinal")

    def year(self, number: int) -> str:
        return self.say(number, "year")

    def say(self, number: int, kind: str) -> str:
        """Where a language mends what num2words gives it."""
        return _in_words(number, self.code, kind)


@lru_cache(maxsize=20_000)
def _in_words(number: int, code: str, kind: str) -> str:
    from num2words import num2words  # a tenth of a second that --help should not wait for

    return num2words(number, lang=code, to=kind).replace(",", "")


def has_words(code: str) -> bool:
    """Whether num2words knows the language."""
    from num2words import CONVERTER_CLASSES

    return code in CONVERTER_CLASSES
