"""Mandarin: pinyin in context by pypinyin, with tone sandhi, then IPA with tone letters."""

import re

from pypinyin import Style, lazy_pinyin
from pypinyin.seg.mmseg import seg

from tts.text.readers.latin import with_latin

_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k",
    "k": "kʰ", "h": "x", "j": "tɕ", "q": "tɕʰ", "x": "ɕ", "zh": "ʈʂ", "ch": "ʈʂʰ", "sh": "ʂ",
    "r": "ʐ", "z": "ts", "c": "tsʰ", "s": "s", "": "",
}  # fmt: skip
_FINALS = {
    "a": "a", "o": "wo", "e": "ɤ", "ê": "ɛ", "ai": "ai", "ei": "ei", "ao": "au", "ou": "ou",
    "an": "an", "en": "ən", "ang": "aŋ", "eng": "əŋ", "ong": "ʊŋ", "er": "ɑɻ", "i": "i", "ia": "ja",
    "ie": "je", "iao": "jau", "iu": "jou", "ian": "jɛn", "in": "in", "iang": "jaŋ", "ing": "iŋ",
    "iong": "jʊŋ", "u": "u", "ua": "wa", "uo": "wo", "uai": "wai", "ui": "wei", "uan": "wan",
    "un": "wən", "uang": "waŋ", "ueng": "wəŋ", "v": "y", "ve": "ɥe", "van": "ɥɛn", "vn": "yn",
    "io": "jo", "m": "m", "n": "n", "ng": "ŋ", "iou": "jou", "uei": "wei", "uen": "wən",
}  # fmt: skip
_APICAL = {
    "zh": "ɻ̩",
    "ch": "ɻ̩",
    "sh": "ɻ̩",
    "r": "ɻ̩",
    "z": "ɹ̩",
    "c": "ɹ̩",
    "s": "ɹ̩",
}  # the vowel of zhi and zi
_TONES = {"1": "˥", "2": "˧˥", "3": "˨˩˦", "4": "˥˩", "5": ""}
# y and w spell finals that begin a syllable
_SPELLINGS = {
    "yi": "i", "ya": "ia", "ye": "ie", "yao": "iao", "you": "iu", "yan": "ian", "yin": "in",
    "yang": "iang", "ying": "ing", "yong": "iong", "yo": "io", "yu": "v", "yue": "ve",
    "yuan": "van", "yun": "vn", "wu": "u", "wa": "ua", "wo": "uo", "wai": "uai", "wei": "ui",
    "wan": "uan", "wen": "un", "wang": "uang", "weng": "ueng",
}  # fmt: skip
_SYLLABLE = re.compile(
    r"(?P<initial>[zcs]h|[bpmfdtnlgkhjqxrzcs]?)(?P<final>[a-zêü]+)(?P<tone>[1-5])"
)
_HANZI = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")


def phones(text: str) -> str:
    """Return the phones of a piece of text, with spaces between words.

    Characters without a reading stay, so that the front end reports them.
    """
    return with_latin(text, _words)


def _words(text: str) -> str:
    found = []
    for word in text.split():
        readings = iter(
            lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True)
        )
        if not _HANZI.fullmatch(word):  # pypinyin joins what it cannot read
            found.append("".join(map(_ipa, readings)))
            continue
        syllables = [_ipa(reading) for reading in readings]
        for part in seg.cut(word):
            found.append("".join(syllables[: len(part)]))
            syllables = syllables[len(part) :]
    return " ".join(found)


def _ipa(reading: str) -> str:
    """Return the IPA of a syllable in pinyin with its tone's number: hao3 is xau˨˩˦."""
    match = _SYLLABLE.fullmatch(reading)
    if match is None:
        return reading.rstrip("5")  # pypinyin gives what it cannot read the neutral tone
    initial, final = match["initial"], match["final"].replace("ü", "v")
    spelled = initial + final
    if not initial:
        final = _SPELLINGS.get(spelled, final)
    elif initial in "jqx" and final[0] == "u":
        final = "v" + final[1:]
    if initial == "m" and final == "":
        return "m" + _TONES[match["tone"]]
    if final == "i" and initial in _APICAL:
        sound = _APICAL[initial]
    elif final == "o" and initial:
        sound = "wo"
    elif final.endswith("r") and final != "er" and final[:-1] in _FINALS:
        sound = _FINALS[final[:-1]] + "ɻ"
    elif final in _FINALS:
        sound = _FINALS[final]
    else:
        return reading
    return _INITIALS[initial] + sound + _TONES[match["tone"]]
