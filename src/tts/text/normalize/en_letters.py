"""English text in capital letters: acronyms, single letters, sentences in capitals, names."""

import re

from tts.text.normalize.shared_rules import Rule, rule

# read letter by letter; espeak-ng would read them as words
_LETTERS = "USA US UK UN EU UAE AI IT ID TV PC IQ OS IP UI AC DC LA VP PR HR ER OT UFO UV FAQ"
_LETTERS += " WHO ETA ACLU YMCA USPS"
# read as words, also in the plural
_WORDS = {"PIN", "SIM", "GIF", "RAM", "ROM", "LAN", "WAN", "CAD", "ZIP", "LED", "SAT"}
# acronyms that stay in text of capitals, because they are not words
_KEPT_NAMES = """
USA UK UN EU UAE AI TV PC IQ UI FBI CIA NASA NATO IBM NBA NFL NHL MLB BBC CNN NBC ABC CBS HBO
DNA RNA HIV AIDS CEO CFO CTO GDP IRS NYC NYPD MIT UCLA USB DVD CD PDF GPS SUV UFO WWII WWI BMW
KGB UNESCO UNICEF OPEC FIFA UEFA ATM FAQ DIY VIP HTML URL HTTP API GPU CPU SQL XML PHD
"""
_KEPT = frozenset(_KEPT_NAMES.split())
_CAPITALS = re.compile(
    r"(?<![\w-])(?:(A) )?(" + _LETTERS.replace(" ", "|") + r")(?='?s?\b)(?!-?[\w$])"
)
_DOTTED_PLURAL = re.compile(r"\b((?:(?:[A-Z]|Ph)\.)+[A-Z]?)\.?'?s\b")  # M.D.s
_WORDS_IN_CAPITALS = re.compile(r"(?<![\w-])(RAM|ROM)(?=s?\b)")  # espeak-ng spells them
_PLURAL = re.compile(r"(?<![\w-])([A-Z]{2,5})'?s\b")
_AND = re.compile(r"\b([A-Z]{1,2}) ?& ?([A-Z]{1,2})\b(?!\.)")
_RUN = re.compile(r"\b[A-Z][A-Z']*(?: [A-Z][A-Z']*){2,}\b")
_WORD = re.compile(r"[^\W\d_][^\W\d_'’]*")
_ROMAN = re.compile(r"(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})")
_LETTERED = re.compile(r"(?:VITAMIN|PLAN|GRADE|TYPE|CLASS|EXHIBIT|OPTION|GROUP|TEAM|HEPATITIS) $")


def calm_capitals(text: str) -> str:
    """GIVE IT TO US -> Give It To Us, so that words are not read as acronyms.

    For a sentence in capitals, and for three words or more of one.
    """
    if sum(map(str.isupper, text)) < 4:
        return text
    if text.isupper():
        words = _WORD.findall(text)
        several = sum(_WORD.search(part) is not None for part in text.split()) > 1
        if several and max(map(len, words)) > 2:
            return _in_small_letters(text)
        return text
    return _RUN.sub(_calm_run, text)


def _calm_run(match: re.Match[str]) -> str:
    words = match[0].split()
    sentence = any(len(word) > 3 and word not in _KEPT for word in words)
    return _in_small_letters(match[0]) if sentence else match[0]


def _in_small_letters(text: str) -> str:
    def spell(match: re.Match[str]) -> str:
        word = match[0]
        if re.match(r"-?\d", text[match.end() :]) or text[: match.start()][-1:].isdigit():
            return word  # CO2
        if word == "A" and text[match.end() : match.end() + 1] not in (".", "&"):
            return word if _LETTERED.search(text, 0, match.start()) else "a"
        if word in _KEPT or _ROMAN.fullmatch(word) or len(word) == 1:
            return word
        if word == "US" and re.search(r"(?:^|\bTHE)\W*$", text[: match.start()]):
            return word
        return word[0] + word[1:].lower()

    return _WORD.sub(spell, text)


def spelled_plurals(text: str) -> str:
    """M.D.s -> M D's."""
    return _DOTTED_PLURAL.sub(lambda m: " ".join(filter(str.isalpha, m[1].upper())) + "'s", text)


def capital_letters(text: str) -> str:
    """The US -> the U S, my IDs -> my I D's, AT&T -> A T and T."""
    text = _AND.sub(lambda m: f"{' '.join(m[1])} and {' '.join(m[2])}", text)
    text = _WORDS_IN_CAPITALS.sub(lambda m: m[1].lower(), text)
    text = _PLURAL.sub(_plural, text)

    def spell(match: re.Match[str]) -> str:
        article = "" if match[1] is None else "a "
        return article + " ".join(match[2])

    return _CAPITALS.sub(spell, text)


def _plural(match: re.Match[str]) -> str:
    if match[1] in _WORDS or (len(match[1]) > 3 and re.search("[AEIOU]", match[1])):
        return match[0]
    return f"{' '.join(match[1])}'s"


def names() -> list[Rule]:
    """#MeToo -> hashtag Me Too, @anna_b -> at anna b, report.pdf, /usr/bin."""
    suffixes = "pdf|py|txt|jpg|png|docx?|xlsx?|csv|json|html?|zip|mp[34]|wav|js|exe|ya?ml|md|sh"
    return [
        rule(
            r"(?<![\w#])#([A-Za-z]\w*)",
            lambda m: "hashtag " + re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", m[1]),
        ),
        rule(r"(?<!\w)@(\w[\w.]*\w)", lambda m: "at " + m[1].replace(".", " dot ")),
        rule(
            r"(?<![\w/])~?(?:/[\w.-]+){2,}/?",
            lambda m: re.sub(r"[/.]", lambda c: f" {'slash' if c[0] == '/' else 'dot'} ", m[0]),
        ),
        rule(rf"(?<=\w)\.(?=(?:{suffixes})\b)", " dot "),
    ]
