"""Values of SSML's attributes: times, and prosody in percent, semitones, decibels and words."""

import math
import re

from tts.text.errors import TextError

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)"
BREAKS = {
    "none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.8, "x-strong": 1.2,
}  # fmt: skip
RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.5}
PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}
VOLUMES = {
    "silent": -60.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 6.0,
    "x-loud": 12.0,
}  # fmt: skip
RANGES = {"x-low": 0.25, "low": 0.6, "medium": 1.0, "default": 1.0, "high": 1.4, "x-high": 1.8}


def seconds(value: str) -> float:
    """Return a time such as ``1.5s`` or ``250ms`` in seconds."""
    match = re.fullmatch(rf"({_NUMBER})(s|ms)", value.strip())
    if not match:
        raise TextError("expected a time such as 1.5s or 250ms")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def rate(value: str) -> float:
    """Return a speaking rate as a factor: ``80%``, ``+20%``, ``0.8`` or a word."""
    return _factor(value, RATES)


def pitch_range(value: str) -> float:
    """Return a pitch range as a factor, written as a rate is."""
    return _factor(value, RANGES)


def pitch(value: str) -> float:
    """Return a pitch shift in semitones: ``+2st``, ``+10%`` or a word."""
    if value in PITCHES:
        return PITCHES[value]
    if match := re.fullmatch(rf"({_NUMBER})st", value):
        return float(match[1])
    if (match := re.fullmatch(rf"([+-]{_NUMBER[5:]})%", value)) and float(match[1]) > -100:
        return 12 * math.log2(1 + float(match[1]) / 100)
    raise TextError(f"expected a change such as +2st or -10%, or one of {', '.join(PITCHES)}")


def volume(value: str) -> float:
    """Return a volume as decibels up: ``+6dB`` or a word."""
    if value in VOLUMES:
        return VOLUMES[value]
    if match := re.fullmatch(rf"({_NUMBER})dB", value):
        return float(match[1])
    raise TextError(f"expected a change such as +6dB, or one of {', '.join(VOLUMES)}")


def _factor(value: str, words: dict[str, float]) -> float:
    if value in words:
        return words[value]
    if match := re.fullmatch(rf"({_NUMBER})(%?)", value):
        number = float(match[1]) / (100 if match[2] else 1)
        return 1 + number if match[2] and value[0] in "+-" else number
    raise TextError(f"expected 80%, +20% or one of {', '.join(words)}")
