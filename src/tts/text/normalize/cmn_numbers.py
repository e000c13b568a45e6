"""Chinese numbers: four digits a group, and two words for two."""

import re

from tts.text.normalize.numbers import Numbers

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "兆")
_MAX_DIGITS = 16


class ChineseNumbers(Numbers):
    """Read numbers in Mandarin; num2words has no Chinese."""

    def __init__(self) -> None:
        super().__init__("zh", decimal=".", group=",", point="点", minus="负")

    def read(self, written: str) -> str:
        sign = self.minus if written[0] in "-−" else ""
        integer, _, fraction = written.lstrip("-−").replace(",", "").partition(".")
        words = self.integer(integer) if integer else self.cardinal(0)
        return sign + words + (f"{self.point}{self.digits(fraction)}" if fraction else "")

    def counted(self, written: str) -> str:
        """Return the words in front of a measure word: 两个, 两百个, 十二个."""
        words = self.read(written)
        return words.replace("二", "两") if words in ("二", "负二") else _two(words)

    def integer(self, digits: str) -> str:
        if len(digits) > _MAX_DIGITS or (len(digits) > 1 and digits[0] == "0"):
            return self.digits(digits)
        return self.cardinal(int(digits))

    def digits(self, digits: str) -> str:
        return "".join(_DIGITS[int(digit)] for digit in digits)

    def telephone(self, digits: str) -> str:
        """Read digits with 幺 for one, which cannot be confused with 七."""
        return self.digits(digits).replace("一", "幺")

    def cardinal(self, number: int) -> str:
        if number == 0:
            return _DIGITS[0]
        words = ""
        needs_zero = False
        groups = re.findall(r"\d{1,4}(?=(?:\d{4})*$)", str(number))
        for index, group in enumerate(groups):
            value = int(group)
            if value == 0:
                needs_zero = bool(words)
                continue
            if words and (needs_zero or value < 1000):
                words += _DIGITS[0]
            words += _below_ten_thousand(value) + _GROUPS[len(groups) - 1 - index]
            needs_zero = False
        return re.sub(r"^一十", "十", _two(words))

    def ordinal(self, number: int) -> str:
        return f"第{self.cardinal(number)}"


def _below_ten_thousand(value: int) -> str:
    words = ""
    for place in (3, 2, 1, 0):
        digit = value // 10**place % 10
        if digit:
            words += _DIGITS[digit] + _PLACES[place]
        elif words and not words.endswith("零") and value % 10**place:
            words += "零"
    return words


def _two(words: str) -> str:
    """Two is 两 before 千, 万 and 亿, and before 百 at the start."""
    return re.sub(r"二(?=千)|(?<!十)二(?=[万亿])|^二(?=百)", "两", words)
