"""Unicode tidied up before any language is looked at: one spelling for each mark, junk reported."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

# Marks that normalizers and voices read aloud; every other symbol character is reported.
SPOKEN_MARKS = "%&+=@#°€$£¥¢§<>×÷±−²³⁄/"
_KEPT = frozenset(SPOKEN_MARKS + " .,!?;:…—\"()¿¡'-")

_SPELLINGS = {
    **dict.fromkeys("“”„‟«»‹›〝〞〟「」『』《》＂″❝❞", '"'),
    **dict.fromkeys("’‘‛ʼʻʾʿ`´′＇‚", "'"),
    **dict.fromkeys("–—―⸺⸻﹘", " — "),
    **dict.fromkeys("‐‑‒⁃", "-"),
    **dict.fromkeys("[{（【〔［｛〈", " ("),
    **dict.fromkeys("]}）】〕］｝〉", ") "),
    **dict.fromkeys("。।॥։።．｡۔", ". "),
    **dict.fromkeys("，、،፣､՝", ", "),
    **dict.fromkeys("；؛፤", "; "),
    **dict.fromkeys("：፥", ": "),
    **dict.fromkeys("！՜", "! "),
    **dict.fromkeys("？؟՞፧", "? "),
    **dict.fromkeys("…⋯", "… "),
    **dict.fromkeys("•·●▪◦‣", ", "),  # list bullets
    **dict.fromkeys("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063", ""),
    **dict.fromkeys("\u2066\u2067\u2068\u2069\ufeff\u00ad", ""),  # invisible: no loss
    **dict.fromkeys("\t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029\u200a", " "),
    "ĳ": "ij",
    "Ĳ": "IJ",
    "ſ": "s",
    "µ": "μ",
}
# superscripts and the ellipsis would lose their meaning in NFKC's compatibility spelling
_AS_THEY_ARE = frozenset("²³")
_JOINERS = "\u200c\u200d"  # shape letters in Arabic and Indic scripts; also glue emoji together
_MARKS_IN_A_ROW = 3

_DASH_IN_NUMBERS = re.compile(r"(?<=\d)[‐‑‒–](?=\d)")
_ELLIPSIS = re.compile(r"\.\s?\.(?:\s?\.)+|\.\.")
_LOOSE_HYPHEN = re.compile(r"(?:(?<=\s)|^)-+(?=\s|$)|--+")
_LOOSE_APOSTROPHE = re.compile(
    r"(?<!\w)['-]+(?!\w)|(?<!\w)[-'](?=['-])|(?<=['-])[-']|(?<!\w)-(?!\d)|-(?!\w)"
)
_REPEATED = re.compile(r"([!?,;:…—\"()])(?:\s*\1)+")
_SPACES = re.compile(r"\s+")


class Cleaned(NamedTuple):
    text: str
    dropped: tuple[str, ...]  # characters left out that someone might have wanted spoken


def clean(text: str) -> Cleaned:
    """Quotes, dashes, brackets and spaces in one spelling; symbols and control characters dropped.

    What is dropped is returned, each character once, but for the invisible ones that mean nothing.
    """
    dropped: dict[str, None] = {}
    kept = []
    text = _DASH_IN_NUMBERS.sub("-", unicodedata.normalize("NFC", text))
    for character in text:
        spelling = _spelling(character)
        if spelling is None:
            dropped[character] = None
            kept.append(" ")
        else:
            kept.append(spelling)
    tidy = _limit_marks("".join(kept))
    tidy = _ELLIPSIS.sub("… ", tidy)
    tidy = _LOOSE_HYPHEN.sub(" — ", tidy)
    tidy = _LOOSE_APOSTROPHE.sub(" ", tidy)
    tidy = _REPEATED.sub(r"\1", tidy)
    return Cleaned(_SPACES.sub(" ", tidy).strip(), tuple(dropped))


@lru_cache(maxsize=65536)
def _spelling(character: str) -> str | None:
    """How a character is written from here on; None: it cannot be spoken."""
    if character in _SPELLINGS:
        return _SPELLINGS[character]
    if character in _AS_THEY_ARE or character in _KEPT:
        return character
    if unicodedata.decimal(character, None) is not None:
        return str(unicodedata.decimal(character))  # ٣ and ३ are 3
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    if character in _JOINERS or "\ufe00" <= character <= "\ufe0f":
        return character if character in _JOINERS else ""
    if category == "No" and unicodedata.decomposition(character).startswith("<fraction>"):
        return " " + unicodedata.normalize("NFKC", character)  # 2½ is 2 1⁄2, not 21⁄2
    plain = unicodedata.normalize("NFKC", character)
    if plain != character:
        parts = [_spelling(part) for part in plain]
        return None if None in parts else "".join(part for part in parts if part)
    return character if category[0] in "LM" else None


def _limit_marks(text: str) -> str:
    """Stacked combining marks beyond a few add nothing to hear and can choke a phonemizer."""
    if text.isascii():
        return text
    kept, row = [], _MARKS_IN_A_ROW  # a mark needs a letter to stand on
    for character in text:
        row = row + 1 if unicodedata.category(character)[0] == "M" else 0
        if row <= _MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)
