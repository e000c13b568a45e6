"""Unicode cleaning of input text, for all languages: one spelling per mark, symbols reported."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from tts.text.lines import split_lines

# symbols that normalization reads as words; all others are dropped and reported
SPOKEN_MARKS = "%&+=@#°€$£¥¢§<>×÷±−²³⁄/"
_KEPT = frozenset(SPOKEN_MARKS + " .,!?;:…—\"()¿¡'-_~^")

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
    **dict.fromkeys("\u2066\u2067\u2068\u2069\ufeff\u00ad", ""),  # invisible characters
    **dict.fromkeys("\t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029\u200a", " "),
    "ĳ": "ij",
    "Ĳ": "IJ",
    "ſ": "s",
    "µ": "μ",
    "٪": "%",
    "٫": ".",  # Arabic decimal mark
    "٬": ",",  # Arabic thousands mark
    "₽": "RUB",
    "₩": "KRW",
}
# NFKC would turn them into plain digits
_NO_NFKC = frozenset("²³")
_JOINERS = "\u200c\u200d"  # zero-width joiners, which shape letters in Arabic and Indic scripts
_MAX_COMBINING_MARKS = 3  # per letter

_DASH_IN_NUMBERS = re.compile(
    r"(?:(?<=[\d%°])|(?<=\d[apKkMm])|(?<=\d[apAP][mM])|(?<=[ap]\.m\.))[‐‑‒–~～〜](?=[\d$£€¥])"
)
_DASH_AS_MINUS = re.compile(r"(?<![^\s(])(?<!\d\s)–(?=[\d€$£])")
# 7 - 2 = 5 and = 10 / 2; the operators become marks that every language reads
_EQUATION = re.compile(
    r"\d[\d.,]*(?:\s?[-–+*/×÷:x]\s?\d[\d.,]*){1,12}(?=\s?=)"
    r"|(?<==\s)\d[\d.,]*(?:\s[-–+*/×÷:x]\s\d[\d.,]*){1,12}"
)
_OPERATOR = re.compile(r"\s[-–*/:x]\s|(?<=\d)[-–*x](?=\d)")
_OPERATORS = {"-": " − ", "–": " − ", "*": " × ", "x": " × ", "/": " ÷ ", ":": " ÷ "}
_PRODUCT = re.compile(r"(?<=\d)\s?\*\s?(?=\d)")
_NUMERO = re.compile(r"\b([Nn])º(?=\s?\d)")  # in Portuguese, no 5 is something else
_NO_COINS = re.compile(r"(?<=\d),[-–—]+(?![\w])")  # 25,- euro
_ELLIPSIS = re.compile(r"\.\s?\.(?:\s?\.)+|\.\.")
_LOOSE_HYPHEN = re.compile(r"(?:(?<=\s)|^)-+(?=\s|$)|--+")
_AMOUNT = r"(?:[$£€¥]|\.\d)"  # what a minus sign can stand before, besides digits
_LOOSE_APOSTROPHE = re.compile(
    rf"(?<!\w)['-]+(?!\w|(?<=-){_AMOUNT})|(?<!\w)[-'](?=['-])|(?<=['-])[-']"
    rf"|(?<![\w.])-(?!\d|{_AMOUNT})|-(?!\w|{_AMOUNT})"
)
_LOOSE_MARK = re.compile(
    r"(?<![^\W_])(?<![/.@)-])[_^]|[_^](?![^\W_])(?![/.(-])|~(?![\d\w/$£€])|(?<=\w)~(?!\w)"
)
_REPEATED = re.compile(r"([!?,;:…—()])(?:\s*\1)+|\"(?=\")")  # "No." "Yes." keeps its quotes
# French spaces inside of guillemets; »Nein« has none, whichever way they point
_OPENING_GUILLEMET = re.compile(r"(?<![^\s'’(\[—–-])[«‹]\s+(?=\S)")
_CLOSING_GUILLEMET = re.compile(r"(?<=\S)\s+[»›](?![^\s.,;:!?…)\]—–-])")
_DOUBLED = re.compile(r"(?<![^\W\d_])''|''(?![^\W\d_])")  # typed for a double quote
# words that begin with an apostrophe, which is no quote: 'twas, rock 'n' roll, 's avonds
_ELISIONS = (
    "twas|tis|twere|twill|em|cause|cos|coz|til|till|bout|round|n|s|t|k|m|r|ne|nen|ner|nem|raus|rein|"
    "rauf|runter|rum|sto|sta|ndrangheta|l|un"
)
_OPENING_QUOTE = rf"(?<![\w'])'(?=[^\W\d_])(?!(?:{_ELISIONS})\b)"
_QUOTED = re.compile(
    rf"{_OPENING_QUOTE}((?:[^'.!?…]|(?<=\w)'(?=\w))*)(?<=\w)'(?!\w)", re.IGNORECASE
)
_OPENING = re.compile(_OPENING_QUOTE, re.IGNORECASE)
_INNER_QUOTE = re.compile(r"(?<=[.,!?…])'(?=\")")  # "She said 'No.'"
_MARK_AND_QUOTE = re.compile("([。！？，、])([”’」』])")  # the space goes behind both
_SPACES = re.compile(r"\s+")


class Cleaned(NamedTuple):
    text: str
    dropped: tuple[str, ...]  # visible characters that were left out, each once


def clean(text: str) -> Cleaned:
    """Unify quotes, dashes, brackets and spaces; drop other symbols and control characters.

    A line end at which a reader pauses stays as a newline, others are spaces.
    """
    if len(lines := split_lines(text)) < 2:
        return _clean_line(lines[0] if lines else "")
    cleaned = [_clean_line(line) for line in lines]
    dropped = dict.fromkeys(character for line in cleaned for character in line.dropped)
    return Cleaned("\n".join(line.text for line in cleaned if line.text), tuple(dropped))


def _clean_line(text: str) -> Cleaned:
    dropped: dict[str, None] = {}
    kept = []
    text = _NUMERO.sub(r"\1.º", unicodedata.normalize("NFC", text))
    text = _PRODUCT.sub(" × ", text)
    text = _EQUATION.sub(_with_operators, _NO_COINS.sub("", text))
    text = _DASH_IN_NUMBERS.sub("-", text)
    text = _DASH_AS_MINUS.sub("−", text)
    text = _MARK_AND_QUOTE.sub(lambda pair: f"{_SPELLINGS[pair[1]].strip()}{pair[2]} ", text)
    text = _CLOSING_GUILLEMET.sub('"', _OPENING_GUILLEMET.sub('"', text))
    for character in text:
        spelling = _spelling(character)
        if spelling is None:
            dropped[character] = None
            kept.append(" ")
        else:
            kept.append(spelling)
    cleaned = _limit_marks("".join(kept))
    dropped |= dict.fromkeys(_LOOSE_MARK.findall(cleaned))
    cleaned = _LOOSE_MARK.sub(" ", cleaned)
    cleaned = _ELLIPSIS.sub("… ", cleaned)
    cleaned = _LOOSE_HYPHEN.sub(" — ", cleaned)
    cleaned = _INNER_QUOTE.sub("", _DOUBLED.sub('"', cleaned))
    cleaned = _LOOSE_APOSTROPHE.sub(" ", cleaned)
    # single quotes are not spoken, and the closing ones behind a mark are gone
    cleaned = _OPENING.sub("", _QUOTED.sub(r"\1", cleaned))
    cleaned = _REPEATED.sub(lambda marks: marks[1] or "", cleaned)
    return Cleaned(_SPACES.sub(" ", cleaned).strip(), tuple(dropped))


def spellings_of(mark: str, text: str) -> tuple[str, ...]:
    """Return the characters of ``text`` that cleaning writes as ``mark``; ``mark`` if none."""
    found = dict.fromkeys(character for character in text if unified(character) == mark)
    return tuple(found) or (mark,)


def unified(character: str) -> str:
    """Return what cleaning writes for a character, without spaces around it."""
    return (_spelling(character) or "").strip()


def _with_operators(equation: re.Match[str]) -> str:
    return _OPERATOR.sub(lambda operator: _OPERATORS[operator[0].strip()], equation[0])


@lru_cache(maxsize=65536)
def _spelling(character: str) -> str | None:
    """Return the unified spelling of a character, or None if it must be dropped."""
    if character in _SPELLINGS:
        return _SPELLINGS[character]
    if character in _NO_NFKC or character in _KEPT:
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
    """Drop stacked combining marks beyond a few, which can crash a phonemizer."""
    if text.isascii():
        return text
    kept, row = [], _MAX_COMBINING_MARKS
    for character in text:
        if character == " ":
            row = _MAX_COMBINING_MARKS  # no letter that a mark could belong to
        else:
            row = row + 1 if unicodedata.category(character)[0] == "M" else 0
        if row <= _MAX_COMBINING_MARKS:
            kept.append(character)
    return "".join(kept)
