"""Japanese: kanji, numbers and pitch accent by OpenJTalk, as IPA with the accent's rise and fall.

The accent is marked as in Kurihara et al. 2021 (Prosodic Features Control by Symbols as Input of
Sequence-to-Sequence Acoustic Modeling for Neural TTS, section 3): ꜛ after the first mora of a
phrase that rises, ꜜ after the mora that falls, a word boundary between accent phrases.
"""

import re
from typing import NamedTuple

import pyopenjtalk

from tts.text.readers.latin import with_latin

_CONSONANTS = {
    "k": "k", "g": "ɡ", "s": "s", "z": "z", "t": "t", "d": "d", "n": "n", "h": "h", "b": "b",
    "p": "p", "m": "m", "y": "j", "r": "ɾ", "w": "w", "v": "v", "f": "ɸ", "sh": "ɕ", "j": "dʑ",
    "ch": "tɕ", "ts": "ts", "ky": "kʲ", "gy": "ɡʲ", "ny": "ɲ", "hy": "ç", "by": "bʲ", "py": "pʲ",
    "my": "mʲ", "ry": "ɾʲ", "ty": "tʲ", "dy": "dʲ", "kw": "kʷ", "gw": "ɡʷ", "N": "ɴ", "cl": "ʔ",
    "fy": "ɸʲ", "vy": "vʲ",
}  # fmt: skip
_VOWELS = {"a": "a", "i": "i", "u": "ɯ", "e": "e", "o": "o"}
_VOICELESS = "\u0325"
_PHONE = re.compile(
    r"-(?P<phone>[A-Za-z]+)\+.*/A:(?P<a1>-?\d+|xx)\+(?P<a2>\d+|xx)\+(?P<a3>\d+|xx)/"
)
_PAUSES = frozenset({"sil", "pau"})


class _Phone(NamedTuple):
    name: str
    accent: int | None  # moras from the accent's fall to this one
    mora: int  # number in its accent phrase
    last: bool  # whether its mora is the last of its phrase


def phones(text: str) -> str:
    """Return the phones of a piece of text, accent phrases separated by spaces.

    Latin words are read as English, except for those in capitals, which are spelled.
    """
    return with_latin(text, _phrases, capitals=False)


def _phrases(text: str) -> str:
    if not text.strip():
        return ""
    labels = [_phone(label) for label in pyopenjtalk.extract_fullcontext(text)]
    written: list[str] = []
    for phone, following in zip(labels, [*labels[1:], _Phone("sil", None, 0, True)], strict=True):
        if phone.name in _PAUSES:
            written.append(" ")
            continue
        vowel = _VOWELS.get(phone.name.lower()) if phone.name != "N" else None
        if vowel and written and written[-1] == vowel and phone.name.islower():
            written.append("ː")
        elif vowel:
            written.append(vowel if phone.name.islower() else vowel + _VOICELESS)
        else:
            written.append(_CONSONANTS.get(phone.name, phone.name))
        if vowel or phone.name in ("N", "cl"):
            written += _after_mora(phone, following)
    return re.sub(" +", " ", "".join(written)).strip()


def _after_mora(phone: _Phone, following: _Phone) -> list[str]:
    if following.name in _PAUSES:
        return []
    if phone.last and following.mora == 1:
        return ["ꜜ", " "] if phone.accent == 0 else [" "]
    if phone.accent == 0:
        return ["ꜜ"]
    return ["ꜛ"] if phone.mora == 1 and following.mora == 2 else []


def _phone(label: str) -> _Phone:
    match = _PHONE.search(label)
    if match is None:
        return _Phone("pau", None, 0, True)
    accent, mora, left = (None if value == "xx" else int(value) for value in match.group(2, 3, 4))
    return _Phone(match["phone"], accent, mora or 0, left == 1)
