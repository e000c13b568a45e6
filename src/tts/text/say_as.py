"""SSML's ``say-as``: text written so that its language's normalization reads it as asked."""

import re
from collections.abc import Callable

from tts.text.errors import TextError
from tts.text.normalize.numbers import Numbers, is_supported

_DATE_ORDERS = ("mdy", "dmy", "ymd", "md", "dm", "ym", "my", "d", "m", "y")


def say_as(text: str, kind: str, form: str | None, language: str) -> str:
    """Return what is read in place of ``text``.

    Raises TextError for an ``interpret-as`` or ``format`` that is not known, and for text that does
    not fit.
    """
    if kind not in KINDS:
        raise TextError(f'interpret-as="{kind}" is not supported: choose from {", ".join(KINDS)}')
    if form is not None and kind != "date":
        if kind != "time" or form not in ("hms12", "hms24"):
            raise TextError(f'format="{form}" is not supported with interpret-as="{kind}"')
        form = None
    return KINDS[kind](text.strip(), form, language)


def _characters(text: str, form: str | None, language: str) -> str:
    return " ".join(c.upper() for c in text if not c.isspace())


def _digits(text: str, form: str | None, language: str) -> str:
    return " ".join(_number(digit, language, "cardinal") for digit in text if digit.isdecimal())


def _cardinal(text: str, form: str | None, language: str) -> str:
    return _number(text, language, "cardinal")


def _ordinal(text: str, form: str | None, language: str) -> str:
    return _number(re.sub(r"(?:st|nd|rd|th|\.|º|ª)$", "", text), language, "ordinal")


def _date(text: str, form: str | None, language: str) -> str:
    """Write a date as year-month-day, which every language reads."""
    if form is None:
        return text
    if form not in _DATE_ORDERS:
        raise TextError(f'format="{form}" is not supported: choose from {", ".join(_DATE_ORDERS)}')
    numbers = re.split(r"\D+", text)
    if len(numbers) != len(form) or not all(numbers):
        raise TextError(f'{text!r} is no date of format="{form}"')
    given = dict(zip(form, numbers, strict=True))
    if len(given) < 3:
        return text
    return f"{given['y']}-{given['m']:0>2}-{given['d']:0>2}"


def _as_written(text: str, form: str | None, language: str) -> str:
    return text


def _number(text: str, language: str, kind: str) -> str:
    digits = re.sub(r"[,.\s'](?=\d{3}(?!\d))", "", text)
    if not re.fullmatch(r"[-−]?\d{1,15}", digits):
        raise TextError(f"{text!r} is no whole number")
    code = language.split("-")[0]
    if not is_supported(code):
        if kind == "cardinal":
            return digits
        raise TextError(f"ordinal numbers are not available in language={language}")
    try:
        return Numbers(code, ".", ",", "", "").to_words(int(digits.replace("−", "-")), kind)
    except (NotImplementedError, TypeError, ValueError, OverflowError) as error:
        raise TextError(f"{text!r} has no {kind} in language={language}") from error


KINDS: dict[str, Callable[[str, str | None, str], str]] = {
    "characters": _characters, "spell-out": _characters, "digits": _digits, "cardinal": _cardinal,
    "number": _cardinal, "ordinal": _ordinal, "date": _date, "time": _as_written,
    "telephone": _as_written, "currency": _as_written, "fraction": _as_written,
    "unit": _as_written, "address": _as_written,
}  # fmt: skip
