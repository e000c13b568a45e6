"""Korean: Hangul as it is pronounced, by the rules of the Standard Pronunciation, then IPA.

Rules by their articles (National Institute of Korean Language, Standard Pronunciation, chapters 4
to 6): 8 to 11 final consonants, 12 ㅎ, 13 and 14 liaison, 17 palatalization, 18 and 19 nasals, 20
liquids, 23 tense consonants. Sound changes that depend on the word's history are left out.
"""

import re
from itertools import pairwise

from tts.text.readers.latin import with_latin

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = " ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_PAIRS = {
    "ㄳ": "ㄱㅅ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴㅎ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ",
    "ㄽ": "ㄹㅅ", "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ", "ㅀ": "ㄹㅎ", "ㅄ": "ㅂㅅ",
}  # fmt: skip
_ASPIRATED = {"ㄱ": "ㅋ", "ㄷ": "ㅌ", "ㅂ": "ㅍ", "ㅈ": "ㅊ"}
_TENSE = {"ㄱ": "ㄲ", "ㄷ": "ㄸ", "ㅂ": "ㅃ", "ㅅ": "ㅆ", "ㅈ": "ㅉ"}
_NASAL = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}
_NEUTRAL = {
    **dict.fromkeys("ㄱㄲㅋㄳㄺ", "ㄱ"), **dict.fromkeys("ㄷㅅㅆㅈㅊㅌㅎ", "ㄷ"),
    **dict.fromkeys("ㅂㅍㅄㄿ", "ㅂ"), **dict.fromkeys("ㄴㄵㄶ", "ㄴ"),
    **dict.fromkeys("ㄹㄼㄽㄾㅀ", "ㄹ"), **dict.fromkeys("ㅁㄻ", "ㅁ"), "ㅇ": "ㅇ", " ": " ",
}  # fmt: skip
_ONSETS = {
    "ㄱ": "k", "ㄲ": "kˀ", "ㄴ": "n", "ㄷ": "t", "ㄸ": "tˀ", "ㄹ": "ɾ", "ㅁ": "m", "ㅂ": "p",
    "ㅃ": "pˀ", "ㅅ": "s", "ㅆ": "sˀ", "ㅇ": "", "ㅈ": "tɕ", "ㅉ": "tɕˀ", "ㅊ": "tɕʰ", "ㅋ": "kʰ",
    "ㅌ": "tʰ", "ㅍ": "pʰ", "ㅎ": "h",
}  # fmt: skip
_VOICED = {"k": "ɡ", "t": "d", "p": "b", "tɕ": "dʑ"}
_NUCLEI = {
    "ㅏ": "a", "ㅐ": "ɛ", "ㅑ": "ja", "ㅒ": "jɛ", "ㅓ": "ʌ", "ㅔ": "e", "ㅕ": "jʌ", "ㅖ": "je",
    "ㅗ": "o", "ㅘ": "wa", "ㅙ": "wɛ", "ㅚ": "we", "ㅛ": "jo", "ㅜ": "u", "ㅝ": "wʌ", "ㅞ": "we",
    "ㅟ": "wi", "ㅠ": "ju", "ㅡ": "ɯ", "ㅢ": "ɰi", "ㅣ": "i",
}  # fmt: skip
_CODAS = {
    " ": "", "ㄱ": "k̚", "ㄴ": "n", "ㄷ": "t̚", "ㄹ": "l", "ㅁ": "m", "ㅂ": "p̚", "ㅇ": "ŋ",
}  # fmt: skip
_FRONT = frozenset("ㅣㅑㅕㅛㅠㅖㅒ")
_SYLLABLES = re.compile("[가-힣]+")

Syllable = list[str]  # initial, vowel, final


def phones(text: str) -> str:
    """Return the phones of a piece of text, with spaces between its words."""
    return with_latin(text, lambda part: " ".join(map(_word, part.split())))


def pronounced(word: str) -> str:
    """Return a word of Hangul as it is pronounced, in Hangul: 학교 is 학꾜."""
    return "".join(map(_composed, _changed([_letters(syllable) for syllable in word])))


def _word(word: str) -> str:
    return _SYLLABLES.sub(
        lambda match: _ipa(_changed([_letters(syllable) for syllable in match[0]])), word
    )


def _letters(syllable: str) -> Syllable:
    number = ord(syllable) - ord("가")
    return [
        _INITIALS[number // 588],
        _VOWELS[number % 588 // 28],
        _FINALS[number % 28],
    ]


def _composed(syllable: Syllable) -> str:
    initial, vowel, final = syllable
    number = 588 * _INITIALS.index(initial) + 28 * _VOWELS.index(vowel) + _FINALS.index(final)
    return chr(ord("가") + number)


def _changed(syllables: list[Syllable]) -> list[Syllable]:
    """Apply the sound changes between neighbors, from the first to the last."""
    for first, second in pairwise(syllables):
        _join(first, second)
    if syllables:
        syllables[-1][2] = _NEUTRAL[syllables[-1][2]]
    return syllables


def _join(first: Syllable, second: Syllable) -> None:
    final, initial, vowel = first[2], second[0], second[1]
    if final == " ":
        return
    kept, moving = (*_PAIRS.get(final, " " + final),)
    if initial == "ㅇ":
        _link(first, second, kept, moving)
    elif moving == "ㅎ":  # article 12
        first[2] = kept
        if initial in _ASPIRATED:
            second[0] = _ASPIRATED[initial]
        elif initial == "ㅅ":
            second[0] = "ㅆ"
        else:
            first[2] = _NEUTRAL[kept if kept != " " else "ㅎ"]
            _assimilate(first, second)
    elif initial == "ㅎ" and (moving == "ㅈ" or _NEUTRAL[moving] in ("ㄱ", "ㄷ", "ㅂ")):
        sound = moving if moving in _ASPIRATED else _NEUTRAL[moving]
        first[2] = kept
        second[0] = "ㅊ" if sound == "ㄷ" and vowel == "ㅣ" else _ASPIRATED[sound]
    else:
        tense = final in ("ㄵ", "ㄼ", "ㄾ") and initial in _TENSE  # articles 24 and 25
        first[2] = _NEUTRAL[final]
        _assimilate(first, second)
        if tense:
            second[0] = _TENSE[initial]


def _link(first: Syllable, second: Syllable, kept: str, moving: str) -> None:
    """Move the final consonant to the next syllable, which begins with a vowel."""
    if moving == "ㅇ":
        return
    first[2] = kept
    if moving == "ㅎ":
        if kept != " ":
            first[2], second[0] = " ", kept
        return
    if second[1] == "ㅣ" and moving in ("ㄷ", "ㅌ"):  # article 17
        second[0] = "ㅈ" if moving == "ㄷ" else "ㅊ"
    elif kept != " " and moving == "ㅅ":
        second[0] = "ㅆ"
    else:
        second[0] = moving


def _assimilate(first: Syllable, second: Syllable) -> None:
    final, initial = first[2], second[0]
    if final in _NASAL and initial in ("ㄴ", "ㅁ"):
        first[2] = _NASAL[final]
    elif initial == "ㄹ" and final in ("ㄱ", "ㄷ", "ㅂ"):
        first[2], second[0] = _NASAL[final], "ㄴ"
    elif initial == "ㄹ" and final in ("ㅁ", "ㅇ"):
        second[0] = "ㄴ"
    elif {final, initial} == {"ㄴ", "ㄹ"}:
        first[2] = second[0] = "ㄹ"
    elif final in ("ㄱ", "ㄷ", "ㅂ") and initial in _TENSE:
        second[0] = _TENSE[initial]


def _ipa(syllables: list[Syllable]) -> str:
    written = ""
    coda = ""
    for number, (initial, vowel, final) in enumerate(syllables):
        onset = _ONSETS[initial]
        if onset in ("s", "sˀ") and (vowel in _FRONT or vowel == "ㅟ"):
            onset = onset.replace("s", "ɕ")
        if initial == "ㄹ" and coda == "l":
            onset = "l"
        if number and coda in ("", "n", "m", "ŋ", "l"):
            onset = _VOICED.get(onset, onset)
        nucleus = "i" if vowel == "ㅢ" and onset else _NUCLEI[vowel]
        coda = _CODAS[final]
        written += onset + nucleus + coda
    return written
