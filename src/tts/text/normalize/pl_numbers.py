"""Polish numbers: plural forms, genders, cases, ordinals."""

import re

from tts.text.normalize import roman
from tts.text.normalize.pl_tables import (
    BY_ONE,
    COLLECTIVE,
    FEMININE_LOCATIVE,
    FEMININE_PLURAL,
    FEMININE_SOFT,
    GENITIVE,
    MASCULINE_A,
    NUMBERED_IN_ROMAN,
    PERSONS,
    QUEENS,
)
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.slavic import Noun, SlavicNumbers

# endings of an ordinal by case and gender: pierwszy, drugi, trzeci
_ENDINGS = {
    "m": ("y", "i"), "f": ("a", "a"), "n": ("e", "ie"), "gen": ("ego", "iego"),
    "gen f": ("ej", "iej"), "dat": ("emu", "iemu"), "acc f": ("ą", "ą"), "loc": ("ym", "im"),
    "pl": ("e", "ie"), "loc pl": ("ych", "ich"),
}  # fmt: skip


class _PolishNumbers(SlavicNumbers):
    """Half a unit is "i pół"; other decimals are read with the comma."""

    nouns = BY_ONE
    genitive = GENITIVE
    two_decimals_as_number = True
    zeroth = "zerowy"

    def read(self, written: str) -> str:
        integer, mark, fraction = written.partition(",")
        if mark and fraction == "5" and integer.strip("-−0"):
            return f"{super().read(integer)} i pół"
        return super().read(written)

    def count(self, written: str, noun: Noun) -> str:
        digits = written.lstrip("-−")
        sign = f"{self.minus} " if written != digits else ""
        if digits == "0,5":
            return f"{sign}pół {noun.part}"
        if digits == "1,5":
            return f"{sign}{'półtorej' if noun.gender == 'f' else 'półtora'} {noun.part}"
        if "," in written and written.endswith(",5"):
            whole = self.agree(super().read(written.partition(",")[0]), noun.gender)
            return f"{whole} i pół {noun.part}"
        return super().count(written, noun)

    def plural_form(self, written: str, noun: Noun) -> str:
        number = self._value(written)
        if number == 1:
            return noun.one
        return noun.few if self._is_few(number) else noun.many

    def in_instrumental(self, words: str) -> str:
        """Return z pięcioma osobami: each word of a small number."""
        known = {"dwa": "dwoma", "dwie": "dwiema", "trzy": "trzema", "cztery": "czterema"}
        return " ".join(
            known.get(word) or re.sub(r"u$", "oma", self.genitive.get(word, word))
            for word in words.split()
        )

    def agree(self, words: str, gender: str) -> str:
        if gender == "m":
            return words
        if words in ("jeden", f"{self.minus} jeden"):
            return re.sub(r"jeden$", {"f": "jedna", "n": "jedno"}[gender], words)
        return re.sub(r"\bdwa$", "dwie", words) if gender == "f" else words


NUMBERS = _PolishNumbers("pl", decimal=",", group=" .", point="przecinek", minus="minus")


def ordinal(number: int, form: str) -> str:
    """Return an ordinal in one of the forms of ``_ENDINGS``; tens and units are both declined."""
    words = NUMBERS.ordinal(number).split()
    return " ".join([*words[:-2], *(_declined(word, form) for word in words[-2:])])


def _declined(word: str, form: str) -> str:
    if word == "trzeci":
        ending = _ENDINGS[form][1]
        return "trzec" + ("i" + ending if not ending.startswith("i") else ending)
    if word == "drugi":
        return "drug" + _ENDINGS[form][1]
    if word.endswith("y") and word not in ("trzy", "cztery", "miliony", "miliardy"):
        return word[:-1] + _ENDINGS[form][0]
    return word


def form_of(noun: str, before: str = "") -> str:
    """Return the form of an ordinal in front of ``noun``: wiek m, wieku gen or loc."""
    word = noun.lower()
    locative = before.lower() in ("w", "we", "na", "o", "po", "przy")
    if word.endswith(("ą",)):
        return "acc f"
    if word.endswith("ę"):
        return "n" if word in ("imię", "zwierzę") else "acc f"
    if word.endswith(("y", "i")):
        return "gen f"
    if word.endswith("a") and word not in MASCULINE_A:
        masculine_genitive = word in (
            "dnia",
            "miesiąca",
            "rozdziału",
            "tygodnia",
            "maja",
            "tysiąclecia",
            "piętra",
            "miejsca",
            "wydania",
            "posiedzenia",
        )
        return "gen" if masculine_genitive else "f"
    if word.endswith("u"):
        return "loc" if locative else "gen"
    if word.endswith("e"):
        if locative and word in FEMININE_LOCATIVE:
            return "gen f"
        return "loc" if locative else "n"
    if word.endswith("o"):
        return "n"
    if word.endswith("owi"):
        return "dat"
    if word.endswith("em"):
        return "loc"
    return "f" if word in FEMININE_SOFT or word.endswith(("ść", "ć")) else "m"


def counted_nouns(genitive: str) -> Rule:
    """1 książka, 2 książki, do 5 książek, w 20 krajach, 5 mężczyzn."""

    def spell(match: re.Match[str]) -> str:
        before, written, noun = match[1], match[2], match[3]
        start = f"{before} " if before else ""
        words = NUMBERS.read(written)
        if written == "1,5":
            return f"{start}{'półtorej' if noun.endswith(('y', 'i')) else 'półtora'} "
        if "," in written:
            return f"{start}{words} "
        thousands = words.endswith(
            ("tysiąc", "tysiące", "tysięcy", "milion", "miliony", "milionów")
        )
        if noun == "dzieci" and not before:
            words = COLLECTIVE.get(words, words)
        elif noun.endswith("ami") and not before:
            words = NUMBERS.in_instrumental(NUMBERS.agree(words, "f"))
        elif before or (noun in PERSONS and not thousands) or noun.endswith(("ach", "ych", "ich")):
            feminine = noun.endswith(("y", "i"))
            words = NUMBERS.in_genitive(NUMBERS.agree(words, "f" if feminine else "m"))
        elif words.endswith("jeden") and len(words.split()) == 1:
            words = {"f": "jedna", "n": "jedno", "m": "jeden"}[_gender(noun)]
            if noun.endswith(("ę", "ą")) and not noun.endswith("imię"):
                words = "jedną"
        elif words.endswith("dwa") and (
            noun in FEMININE_PLURAL or noun.endswith(("cje", "zje", "sje"))
        ):
            words = NUMBERS.agree(words, "f")
        return f"{start}{words} "

    return rule(
        rf"(?:\b((?i:{genitive})) )?(?<![\w,/:-])(?<!\d\.)({NUMBERS.signed}) "
        r"(?=([^\W\d_]{3,}))(?!(?:lub|albo|dla|jak|nad|pod|przy|bez|jest|był|oraz|razy)\b)",
        spell,
    )


def _gender(noun: str) -> str:
    word = noun.lower()
    if word.endswith(("o", "e", "um", "ę")):
        return "n"
    if (word.endswith("a") and word not in MASCULINE_A) or word in FEMININE_SOFT:
        return "f"
    return "f" if word.endswith(("ść", "ć", "cja")) else "m"


def genitive_numbers(genitive: str) -> Rule:
    """Od 5 do 10: numbers without a noun after words that demand the genitive."""
    return rule(
        rf"\b((?i:{genitive})) ({NUMBERS.pattern})(?![\w%°/:-]|[.,]\d| ?[$€£%°])",
        lambda m: f"{m[1]} {NUMBERS.in_genitive(NUMBERS.read(m[2]))}" if "," not in m[2] else m[0],
    )


def ordinals() -> list[Rule]:
    """XIX wiek, w 3. rzędzie, Jan III, w latach 80."""
    numbered = "|".join(NUMBERED_IN_ROMAN)
    number = rf"(?:(\d{{1,3}})\.|({roman.SMALL_NUMERAL})\b)"

    def before_noun(match: re.Match[str]) -> str:
        before, digits, numeral, noun = match.groups()
        value = int(digits) if digits else roman.value(numeral)
        return f"{before + ' ' if before else ''}{ordinal(value, form_of(noun, before or ''))} "

    def century(match: re.Match[str]) -> str:
        before, first, joiner, second, noun = match.groups()
        locative = (before or "").lower() in ("w", "we", "na", "po")
        if noun == "w.":
            noun = "wieku"
        form = {"wiek": "m", "wieki": "m", "wiekiem": "loc", "wiekowi": "dat"}.get(noun, "gen")
        if noun in ("wieku", "wiekach") and locative:
            form = "loc"
        joiner = joiner if joiner in (" i ", " lub ") else " — "
        words = joiner.join(ordinal(roman.value(n), form) for n in (first, second) if n)
        stop = "." if match[0].endswith(".") and _ends(match) else ""
        return f"{before + ' ' if before else ''}{words} {noun}{stop}"

    def ruler(match: re.Match[str]) -> str:
        name, numeral = match.groups()
        value = roman.value(numeral)
        gender = NUMBERED_IN_ROMAN.get(name.lower())
        if gender:
            return f"{name} {ordinal(value, gender)}"
        queen = re.fullmatch(rf"(?:{QUEENS})(\w{{1,2}})", name)
        if queen:
            form = {"a": "f", "ę": "acc f", "ą": "acc f"}.get(queen[1], "gen f")
        else:
            endings = {"a": "gen", "owi": "dat", "em": "loc", "u": "loc", "ie": "loc"}
            form = next((f for e, f in endings.items() if name.endswith(e)), "m")
        return f"{name} {ordinal(value, form)}"

    def decade(match: re.Match[str]) -> str:
        form = "loc pl" if match[1].lower() in ("latach", "lat") else "pl"
        stop = "." if match[0].endswith(".") and _ends(match) else ""
        return f"{match[1]} {ordinal(int(match[2]) % 100 or int(match[2]), form)}{stop}"

    return [
        rule(r"\b([Ll]ata|[Ll]atach|[Ll]at) (\d0)\. i (?=\d0)", r"\1 \2. i \1 "),
        rule(r"\b([Ll]ata|[Ll]atach|[Ll]at) '?((?:19)?\d0)(?!\d)\.?", decade),
        rule(r"(?<=y[cm]h i )(?:latach|lat) |(?<=e i )lata ", ""),
        rule(
            rf"(?:\b([Ww]e?|[Nn]a|[Pp]o|[Zz]|[Oo]d|[Dd]o|[Kk]ońca|[Pp]oczątk\w+) )?"
            rf"\b({roman.NUMERAL})(?:(-| — |/| i | lub )({roman.NUMERAL}))? "
            r"(w\.|wiek(?:u|iem|owi|i|ach)?\b)",
            century,
        ),
        rule(
            rf"\b([A-ZŁŚŻ][a-ząćęłńóśźż]+|{numbered}) ({roman.SMALL_NUMERAL})(?!\w)",
            ruler,
        ),
        rule(
            rf"(?:\b([Ww]e?|[Nn]a|[Pp]o|[Oo]|[Pp]rzy) )?(?<![\w.,])"
            rf"(?!^\d+\. [^\W\d_a-ząćęłńóśźż]){number} (?=([^\W\d_]{{3,}}))",
            before_noun,
        ),
    ]


def spans_of_years() -> Rule:
    """Od 1990 do 2000 roku: both years are ordinals."""
    year = r"(1[1-9]\d\d|20\d\d)"
    return rule(
        rf"\b([Oo]d) {year} do {year}(?= roku| r\.|[,;:!?)]|\.?$|\.\s)",
        lambda m: f"{m[1]} {ordinal(int(m[2]), 'gen')} do {_last_year(m)}",
    )


def _last_year(match: re.Match[str]) -> str:
    """Return the second year; digits before the word for year, which another rule reads."""
    has_noun = match.string[match.end() :].lstrip().startswith("r")
    return match[3] if has_noun else ordinal(int(match[3]), "gen")


def lone_years() -> Rule:
    """W 2024, without the word for year."""
    return rule(
        r"\b([Ww]) (1[1-9]\d\d|20\d\d)(?=[,;:!?)]|\.?$|\.\s)",
        lambda m: f"{m[1]} {ordinal(int(m[2]), 'loc')}",
    )


def years() -> Rule:
    """W 1990 r., rok 2020, 2005 roku."""

    def spell(match: re.Match[str]) -> str:
        before, year, noun, lone = match.group(1, 2, 3, 4)
        if lone:
            form = {"rok": "m", "roku": "gen", "rokiem": "loc"}[lone.lower()]
            return f"{lone} {ordinal(int(match[5]), form)}"
        locative = (before or "").lower() in ("w", "we", "o", "po")
        form = {"rok": "m", "rokiem": "loc"}.get(noun, "loc" if locative else "gen")
        words = ordinal(int(year), form)
        written = "roku" if noun == "r." else noun
        stop = "." if noun == "r." and _ends(match) else ""
        return f"{before + ' ' if before else ''}{words} {written}{stop}"

    return rule(
        r"(?:(?:\b([Ww]e?|[Oo]|[Pp]o|[Oo]d|[Dd]o|[Zz]) )?"
        r"(?<![\w.,/-])(\d{3,4}|\d{1,2}(?= r\. (?:p\.)?n\.)) (r\.|rok(?:u|iem)?\b)"
        r"|\b([Rr]ok(?:u|iem)?) (\d{4})(?![\w.,]*\d))",
        spell,
    )


def _ends(match: re.Match[str]) -> bool:
    return not any(character.isalnum() for character in match.string[match.end() :])
