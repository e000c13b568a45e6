"""Which scripts a language's voice can read, so that no voice spells out letters it cannot read."""

import re
import unicodedata
from functools import lru_cache

# Languages not written in Latin letters alone. Names are the first word of Unicode's character
# names. Every voice reads plain Latin letters, as English if they are not its own.
_SCRIPTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("be", "bg", "ru", "uk", "mk", "kk", "ky", "tt", "ba", "cv"), ("CYRILLIC",)),
    **dict.fromkeys(("sr", "bs", "uz", "az", "tk", "kaa", "nog"), ("CYRILLIC", "LATIN")),
    **dict.fromkeys(("ar", "fa", "sd", "ur", "ug"), ("ARABIC",)),
    **dict.fromkeys(("hi", "mr", "ne", "kok"), ("DEVANAGARI",)),
    **dict.fromkeys(("bn", "as", "bpy"), ("BENGALI",)),
    **dict.fromkeys(("am", "ti"), ("ETHIOPIC",)),
    **dict.fromkeys(("el", "grc"), ("GREEK",)),
    **dict.fromkeys(("hy", "hyw"), ("ARMENIAN",)),
    **dict.fromkeys(("my", "shn"), ("MYANMAR",)),
    **dict.fromkeys(("cmn", "zh", "yue", "hak"), ("CJK", "BOPOMOFO")),
    "ja": ("HIRAGANA", "KATAKANA"),  # espeak-ng has no readings of kanji
    "ko": ("HANGUL",),
    "gu": ("GUJARATI",),
    "pa": ("GURMUKHI",),
    "or": ("ORIYA",),
    "ta": ("TAMIL",),
    "te": ("TELUGU",),
    "kn": ("KANNADA",),
    "ml": ("MALAYALAM",),
    "si": ("SINHALA",),
    "th": ("THAI",),
    "ka": ("GEORGIAN",),
    "he": ("HEBREW",),
    "chr": ("CHEROKEE",),
    "en-shaw": ("SHAVIAN",),
}
_ACCENTED = frozenset({"LATIN", "CYRILLIC", "GREEK"})  # take accents that Unicode writes apart
# espeak-ng crashes on some words of two scripts
_LATIN_EDGE = re.compile(r"(?<=[A-Za-z])(?=[^\x00-\x7f])|(?<=[^\x00-\x7f])(?=[A-Za-z])")
_NAMES = {"CJK": "Chinese", "UNUSUAL": "unusual"}


def scripts_of(language: str) -> frozenset[str]:
    """Scripts that a language is written in."""
    own = _SCRIPTS.get(language) or _SCRIPTS.get(language.split("-")[0], ("LATIN",))
    return frozenset(own)


def describe(character: str) -> str:
    """The script of a foreign letter in words, and who reads it: for error messages."""
    script = script_of(character) or "UNKNOWN"
    return f"{_NAMES.get(script, script.title())} letters, which {_readers(script)} read"


def _readers(script: str) -> str:
    codes = sorted(code for code, scripts in _SCRIPTS.items() if script in scripts)
    return "the languages " + ", ".join(codes) if codes else "none of the voices"


@lru_cache(maxsize=65536)
def script_of(character: str) -> str | None:
    """Script of a letter or mark, None for what belongs to every script."""
    if unicodedata.category(character)[0] not in "LM":
        return None
    script = unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]
    return script if _is_living(character, script) else "UNUSUAL"


def _is_living(character: str, script: str) -> bool:
    """Letters and accents of living orthographies, not those of phoneticians and philologists."""
    if script == "LATIN":
        return character < "\u02b0" or "Ḁ" <= character <= "ỿ"
    if script == "COMBINING":
        return "\u0300" <= character < "\u0370"
    if script in ("CJK", "HANGUL", "SHAVIAN"):
        return True
    return character < "\u1cd0" or "\u1f00" <= character < "\ua640"


def keep_readable(text: str, language: str) -> tuple[str, tuple[str, ...]]:
    """``text`` without the letters its language cannot read; and those, each once."""
    if text.isascii():
        return text, ()
    scripts = scripts_of(language)
    if "LATIN" not in scripts:
        text = _LATIN_EDGE.sub(" ", "".join(map(_without_accent, text)))
    if scripts & _ACCENTED:
        scripts |= {"COMBINING"}
    foreign: dict[str, None] = {}
    kept = []
    for character in text:
        script = script_of(character)
        if character.isascii() or script is None or script in scripts:
            kept.append(character)
        else:
            foreign[character] = None
            kept.append(" ")
    return "".join(kept), tuple(foreign)


@lru_cache(maxsize=65536)
def _without_accent(character: str) -> str:
    """A Latin letter as English has it: other voices would spell an accent out by its name."""
    if script_of(character) != "LATIN":
        return character
    return unicodedata.normalize("NFD", character)[0]
