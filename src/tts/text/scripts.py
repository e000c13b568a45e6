"""Writing systems of languages, and removal of letters that a language's phonemizer cannot read."""

import re
import unicodedata
from functools import lru_cache

# Languages with other scripts than Latin, by the first word of Unicode's character names. espeak-ng
# reads plain Latin letters in every language.
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
_ACCENTED = frozenset({"LATIN", "CYRILLIC", "GREEK"})  # with combining accents
# espeak-ng crashes on some words in two scripts, so they are split
_LATIN_EDGE = re.compile(r"(?<=[A-Za-z])(?=[^\x00-\x7f])|(?<=[^\x00-\x7f])(?=[A-Za-z])")
_NAMES = {"CJK": "Chinese", "UNUSUAL": "unusual"}


def scripts_of(language: str) -> frozenset[str]:
    """Return the scripts that a language is written in."""
    own = _SCRIPTS.get(language) or _SCRIPTS.get(language.split("-")[0], ("LATIN",))
    return frozenset(own)


def describe(character: str) -> str:
    """Describe the script of a letter and the languages that use it, for error messages."""
    script = script_of(character) or "UNKNOWN"
    return f"{_NAMES.get(script, script.title())} letters, which {_readers(script)}"


def _readers(script: str) -> str:
    codes = sorted(code for code, scripts in _SCRIPTS.items() if script in scripts)
    return f"the languages {', '.join(codes)} can read" if codes else "no language can read"


@lru_cache(maxsize=65536)
def script_of(character: str) -> str | None:
    """Return the script of a letter or combining mark, None for all other characters."""
    if unicodedata.category(character)[0] not in "LM":
        return None
    script = unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]
    return script if _is_orthographic(character, script) else "UNUSUAL"


def _is_orthographic(character: str, script: str) -> bool:
    """Return whether it is used in a living orthography, not only in phonetics or philology."""
    if script == "LATIN":
        return character < "\u02b0" or "Ḁ" <= character <= "ỿ"
    if script == "COMBINING":
        return "\u0300" <= character < "\u0370"
    if script in ("CJK", "HANGUL", "SHAVIAN"):
        return True
    return character < "\u1cd0" or "\u1f00" <= character < "\ua640"


def keep_readable(text: str, scripts: frozenset[str] | None) -> tuple[str, tuple[str, ...]]:
    """Return ``text`` without the letters of other scripts, each once; None: keep all."""
    if scripts is None or text.isascii():
        return text, ()
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
    """Strip the accent of a Latin letter, which other languages would spell by its name."""
    if script_of(character) != "LATIN":
        return character
    return unicodedata.normalize("NFD", character)[0]
