"""Which scripts a language's voice can read, so that no voice spells out letters it cannot read."""

import unicodedata
from functools import lru_cache

# Every voice reads Latin letters, its own way or as English; these languages read others too.
# Names are the first word of Unicode's character names.
_SCRIPTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("be", "bg", "ru", "uk", "mk", "sr", "bs", "kk", "ky", "tt"), ("CYRILLIC",)),
    **dict.fromkeys(("ba", "cv", "nog", "kaa", "uz", "az", "tk"), ("CYRILLIC",)),
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
_NAMES = {"CJK": "Chinese"}
_ANYWHERE = frozenset({"LATIN", "COMBINING"})


def readable_scripts(language: str) -> frozenset[str]:
    """Scripts that a language is written in, Latin among them."""
    own = _SCRIPTS.get(language) or _SCRIPTS.get(language.split("-")[0], ())
    return _ANYWHERE.union(own)


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
    return unicodedata.name(character, "UNKNOWN").split(" ")[0].split("-")[0]


def keep_readable(text: str, language: str) -> tuple[str, tuple[str, ...]]:
    """``text`` without the letters its language cannot read; and those, each once."""
    if text.isascii():
        return text, ()
    scripts = readable_scripts(language)
    foreign: dict[str, None] = {}
    kept = []
    for character in text:
        script = script_of(character)
        if script is None or script in scripts:
            kept.append(character)
        else:
            foreign[character] = None
            kept.append(" ")
    return "".join(kept), tuple(foreign)
