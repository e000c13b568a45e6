"""Symbol table: one fixed inventory of phones for all languages, so checkpoints can be fine-tuned.

A symbol is one Unicode character. Index 0 is padding, " " the word boundary; then punctuation and
the International Phonetic Alphabet as espeak-ng writes it: letters, length, stress, diacritics, tie
bar, tone letters, and the digits with which espeak-ng numbers the tones of some languages.

The order is part of every checkpoint: append, never insert.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

PADDING = "_"
BOUNDARY = " "
PUNCTUATION = '.,!?;:…—"()¿¡'

VOWELS = "iyɨʉɯuɪʏʊeøɘɵɤoəɛœɜɞʌɔæɐaɶɑɒɚɝᵻᵿ"
_CONSONANTS = (
    "pbtdʈɖcɟkɡqɢʔ"  # plosives
    "mɱnɳɲŋɴ"  # nasals
    "ʙrʀⱱɾɽ"  # trills and taps
    "ɸβfvθðszʃʒʂʐçʝxɣχʁħʕhɦɬɮ"  # fricatives
    "ʋɹɻjɰlɭʎʟɫ"  # approximants
    "ʍwɥʜʢʡɕʑɺɧ"  # others
    "ɓɗʄɠʛʘǀǃǂǁ"  # implosives and clicks
    "ʦʣʧʤʨʥ"  # affricates written as one letter
)
STRESS = "ˈˌ"
LENGTH = "ːˑ"
MODIFIERS = (
    "ʰʱʲʷˠˤˀʼ˞ⁿᵐᵑᶮᶯˡᵝ"  # secondary articulation, release, prenasal, rounding
    "\u0303\u0306\u0308\u030a\u030b\u0301\u0304\u0300\u030f"  # tilde, breve, diaeresis, ring, tones
    "\u0324\u0325\u0329\u032a\u032c\u032f\u0330\u0331\u0318\u0319\u031a\u031c\u031d\u031e\u031f"
    "\u0320\u0334\u0339\u033a\u033b\u033c\u033d"
    "\u0361\u035c"  # tie bars
)
SILENT = frozenset(PADDING + BOUNDARY + PUNCTUATION)
TONES = "˥˦˧˨˩↗↘ꜛꜜ" + "123456789"

SYMBOLS: tuple[str, ...] = (
    PADDING,
    BOUNDARY,
    *PUNCTUATION,
    *VOWELS,
    *_CONSONANTS,
    *STRESS,
    *LENGTH,
    *MODIFIERS,
    *TONES,
)
ID: dict[str, int] = {symbol: index for index, symbol in enumerate(SYMBOLS)}

# espeak-ng's own mnemonics of phonemes without IPA (its docs/phonemes.md), and look-alikes of IPA
# letters.
_MNEMONICS = str.maketrans(
    {
        "g": "ɡ",
        "Φ": "ɸ",
        "ε": "ɛ",
        "A": "ɑ",
        "E": "ɛ",
        "I": "ɪ",
        "N": "ŋ",
        "O": "ɔ",
        "S": "ʃ",
        "T": "θ",
        "U": "ʊ",
        "X": "χ",
        "Z": "ʒ",
        "?": "ʔ",
        ":": "ː",
        ".": "\u0331",  # retracted: espeak-ng's mark of a retroflex
        "-": "\u031a",  # unreleased
        "#": "\u0325",  # voiceless
        "[": "\u032a",  # dental
        '"': "\u0308",  # centralized
        "^": "ʲ",  # palatal
        "`": "ʼ",  # ejective
        "+": "\u031f",  # advanced
    }
)
_COMPOSED = {"c\u0327": "ç"}  # NFD decomposes it, but it is one IPA letter


@lru_cache(maxsize=65536)
def to_symbols(phones: str) -> str:
    """Convert espeak-ng's phones to the table's spelling, with letters and diacritics separate.

    The input must have no punctuation: ``. : ? "`` are phones here. Characters that are not in the
    table stay.
    """
    decomposed = unicodedata.normalize("NFD", phones.translate(_MNEMONICS))
    for parts, letter in _COMPOSED.items():
        decomposed = decomposed.replace(parts, letter)
    return decomposed


def shown(symbols: Iterable[str]) -> str:
    """Return symbols as people read them, a diacritic on a dotted circle."""
    return " ".join(f"◌{s}" if unicodedata.combining(s[0]) else s for s in symbols)
