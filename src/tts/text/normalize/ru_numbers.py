"""Russian numbers: plural forms, genders, cases, ordinals, decimals."""

import re

from tts.text.normalize import roman
from tts.text.normalize.ru_tables import (
    BY_ONE,
    DATIVE,
    FEMININE_SOFT,
    GENITIVE,
    MASCULINE_A,
    NUMBERED_IN_ROMAN,
    QUEENS,
)
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.slavic import Noun, SlavicNumbers

_PLACES = {1: ("десятая", "десятых"), 2: ("сотая", "сотых"), 3: ("тысячная", "тысячных")}

# endings of an ordinal by case and gender: первый, третий
_ENDINGS = {
    "m": ("ый", "ий"), "f": ("ая", "ья"), "n": ("ое", "ье"), "gen": ("ого", "ьего"),
    "gen f": ("ой", "ьей"), "dat": ("ому", "ьему"), "acc f": ("ую", "ью"), "ins": ("ым", "ьим"),
    "prep": ("ом", "ьем"), "pl": ("ые", "ьи"), "gen pl": ("ых", "ьих"), "ins pl": ("ыми", "ьими"),
    "dat pl": ("ым", "ьим"),
}  # fmt: skip


class _RussianNumbers(SlavicNumbers):
    """Decimals are read as fractions: three wholes, five tenths."""

    nouns = BY_ONE
    genitive = GENITIVE

    def read(self, written: str) -> str:
        integer, mark, fraction = written.partition(",")
        if not mark or not integer.strip("-−"):
            return super().read(written)
        whole = self.agree(super().read(integer), "f")
        if len(fraction) > 3:
            return f"{super().read(integer)} запятая {self.digits(fraction)}"
        one, many = _PLACES[len(fraction)]
        part = self.agree(self.cardinal(int(fraction)), "f")
        wholes = "целая" if whole.endswith("одна") else "целых"
        return f"{whole} {wholes} {part} {one if part.endswith('одна') else many}"

    def count(self, written: str, noun: Noun) -> str:
        if written.lstrip("-−") == "1,5":
            sign = f"{self.minus} " if written[0] in "-−" else ""
            return f"{sign}{'полторы' if noun.gender == 'f' else 'полтора'} {noun.part}"
        return super().count(written, noun)

    def agree(self, words: str, gender: str) -> str:
        if gender == "m":
            return words
        one, two = {"f": ("одна", "две"), "n": ("одно", "два")}[gender]
        return re.sub(r"\bодин$", one, re.sub(r"\bдва$", two, words))

    def in_instrumental(self, words: str) -> str:
        known = {
            "один": "одним", "два": "двумя", "две": "двумя", "три": "тремя",
            "четыре": "четырьмя", "сорок": "сорока", "девяносто": "девяноста", "сто": "ста",
        }  # fmt: skip
        return " ".join(known.get(w) or re.sub(r"ь$", "ью", w) for w in words.split())

    def in_dative(self, words: str) -> str:
        return " ".join(DATIVE.get(word, word) for word in words.split())

    def to_words(self, number: int, kind: str) -> str:
        words = super().to_words(number, kind)
        return words.removeprefix("одна ") if words.startswith("одна тысяча") else words


NUMBERS = _RussianNumbers("ru", decimal=",", group=" .", point="запятая", minus="минус")


def ordinal(number: int, form: str) -> str:
    """Return an ordinal in one of the forms of ``_ENDINGS``."""
    words = NUMBERS.ordinal(number)
    third = words.endswith("третий")
    if form == "m":
        return words
    stem = words[:-2]
    return stem + _ENDINGS[form][third]


def form_of(noun: str, before: str = "") -> str:
    """Return the form of an ordinal in front of ``noun``: век m, века gen, веке prep."""
    word = noun.lower()
    if word.endswith(("ая", "яя", "а", "я")) and word not in MASCULINE_A:
        genitive = word in ("века", "года", "тома", "класса", "съезда", "дня", "этажа", "места")
        return "gen" if genitive else "f"
    if word.endswith(("ой", "ы", "и")):
        return "gen f"
    if word.endswith(("ую",)):
        return "acc f"
    if word.endswith(("о", "ое", "ие")):
        return "n"
    if word.endswith(("у", "ю")):
        return "prep" if before in ("в", "во", "на") else "dat"
    if word.endswith("е"):
        return "prep"
    if word.endswith(("ом", "ем")):
        return "ins"
    return "f" if word in FEMININE_SOFT else "m"


def gender_of(noun: str) -> str:
    """Guess the gender that "one" and "two" have in front of ``noun``."""
    word = noun.lower()
    if word in MASCULINE_A:
        return "m"
    if word.endswith(("ое", "ее", "о", "е")) and word not in ("евро", "кофе"):
        return "n"
    if word.endswith(("а", "я", "ость")) or word in FEMININE_SOFT:
        return "f"
    return "m"


def counted_nouns(genitive: str) -> Rule:
    """1 книга, 2 книги, до 5 книг, в 20 странах: the number agrees with what follows it."""

    def spell(match: re.Match[str]) -> str:
        before, written, noun = match[1], match[2], match[3]
        start = f"{before} " if before else ""
        words = NUMBERS.read(written)
        if written == "1,5":
            return f"{start}{'полторы' if noun.endswith(('ы', 'и')) else 'полтора'} "
        if "," in written:
            return f"{start}{words} "
        if noun in ("детей", "суток") and not before:
            words = {"два": "двое", "три": "трое", "четыре": "четверо"}.get(words, words)
        elif re.search(r"(?:ами|ями|ьми)$", noun) and not before:
            words = NUMBERS.in_instrumental(words)
        elif before or re.search(r"(?:ах|ях)$", noun):
            gender = "f" if noun.endswith(("ы", "и")) else "m"
            words = NUMBERS.in_genitive(NUMBERS.agree(words, gender))
        elif re.search(r"(?:ам|ям)$", noun):
            words = NUMBERS.in_dative(words)
        elif words.endswith("один"):
            words = NUMBERS.agree(words, gender_of(noun))
            if noun.endswith(("у", "ю")):
                words = words.removesuffix("один") + "одну"
        elif words.endswith("два") and noun.endswith(("ы", "и", "ые", "ие")):
            words = NUMBERS.agree(words, "f")
        return f"{start}{words} "

    return rule(
        rf"(?:\b((?i:{genitive})) )?(?<![\w,/:-])(?<!\d\.)({NUMBERS.signed}) "
        r"(?=([а-яё]{3,}))(?!(?:или|для|как|что|над|под|при|про|без|это|был|все)\b)",
        spell,
    )


def genitive_numbers(genitive: str) -> Rule:
    """От 5 до 10: numbers without a noun after words that demand the genitive."""
    return rule(
        rf"\b((?i:{genitive}|с(?= \d+ до))) ({NUMBERS.pattern})(?![\w%°/:-]|[.,]\d| ?[$€£%°])",
        lambda m: f"{m[1]} {NUMBERS.in_genitive(NUMBERS.read(m[2]))}" if "," not in m[2] else m[0],
    )


_SUFFIXES = {
    "й": "m", "ый": "m", "ой": "m", "ий": "m", "я": "f", "ая": "f", "яя": "f", "е": "n", "ое": "n",
    "го": "gen", "ого": "gen", "его": "gen", "му": "dat", "ому": "dat", "ему": "dat", "м": "prep",
    "ом": "prep", "ю": "acc f", "ую": "acc f", "х": "gen pl", "ых": "gen pl", "их": "gen pl",
    "ые": "pl", "ми": "ins pl", "ыми": "ins pl", "ым": "ins",
}  # fmt: skip


def ordinals() -> list[Rule]:
    """1-й, 90-х, 5-летний, 100-летие."""

    def with_suffix(match: re.Match[str]) -> str:
        number, suffix = int(match[1]), match[2]
        form = _SUFFIXES[suffix]
        if suffix == "е" and number % 10 == 0 and number >= 10:
            form = "pl"  # 90-е
        return ordinal(number, form)

    def compound(match: re.Match[str]) -> str:
        words = NUMBERS.in_genitive(NUMBERS.cardinal(int(match[1])))
        words = re.sub(r"ста$", "сто", re.sub(r"девяноста\b", "девяносто", words))
        return re.sub(r"одного$", "одно", words).replace(" ", "") + match[2]

    def percentage(match: re.Match[str]) -> str:
        words = NUMBERS.in_genitive(NUMBERS.cardinal(int(match[1])))
        words = re.sub(r"ста$", "сто", re.sub(r"одного$", "одно", words)).replace(" ", "")
        return f"{words}процентн{_ENDINGS[_SUFFIXES[match[2]]][0]}"

    def decade(match: re.Match[str]) -> str:
        form, noun = ("pl", "годы") if match[3].endswith("е") else ("gen pl", "годов")
        if match[1] and noun == "годов":
            noun = "годах"
        start = f"{match[1]} " if match[1] else ""
        return f"{start}{ordinal(int(match[2]), form)} {noun}{_stop(match)}"

    suffix = "|".join(sorted(_SUFFIXES, key=len, reverse=True))
    return [
        rule(r"(?:\b([Вв]) )?(?<![\w.,-])(\d{2,4})-(е|ые|х|ых) гг\.", decade),
        rule(rf"(?<![\w.,-])(\d{{1,4}})-({suffix})\b", with_suffix),
        rule(r"(?<![\w.,-])(\d{1,3}) ?%[- ](й|го|му|м|х|ый|ого|ых)\b", percentage),
        rule(r"(?<![\w.,-])(\d{1,4})-([а-яё]{4,})", compound),
    ]


def romans() -> list[Rule]:
    """Пётр I, в XIX веке, глава IV, XX съезд."""
    numeral = roman.NUMERAL

    def century(match: re.Match[str]) -> str:
        before, first, joiner, second, noun = match.groups()
        joiner = joiner if joiner == " и " else " — "
        start = f"{before} " if before else ""
        plural = noun in ("вв.", "века", "веков", "веках") and second is not None
        locative = (before or "").lower() in ("в", "во", "на", "о")
        if noun == "в.":
            noun = "веке" if locative else "века" if before or _follows_word(match) else "век"
        if noun == "вв.":
            noun = "веках" if locative else "веков" if before else "века"
        singular = {"века": "gen", "веков": "gen", "веках": "prep", "век": "m", "веку": "dat",
                    "веком": "ins", "веке": "prep"}.get(noun, "m")  # fmt: skip
        if plural and noun == "века":
            singular = "m"
        words = joiner.join(ordinal(roman.value(n), singular) for n in (first, second) if n)
        return f"{start}{words} {noun}{_stop(match)}"

    def ruler(match: re.Match[str]) -> str:
        name, numeral_written = match.groups()
        number = roman.value(numeral_written)
        gender = NUMBERED_IN_ROMAN.get(name.lower())
        if gender:
            return f"{name} {ordinal(number, gender)}"
        queen = re.fullmatch(rf"(?:{QUEENS})(\w{{1,2}})", name)
        if queen:
            form = {"а": "f", "я": "f", "у": "acc f", "ю": "acc f"}.get(queen[1], "gen f")
        else:
            endings = {"а": "gen", "я": "gen", "у": "dat", "ю": "dat", "ом": "ins", "ем": "ins",
                       "ём": "ins", "е": "prep"}  # fmt: skip
            form = next((f for e, f in endings.items() if name.endswith(e)), "m")
        return f"{name} {ordinal(number, form)}"

    return [
        rule(
            rf"(?:\b([Вв]о?|[Нн]а|[Сс]|[Дд]о|[Кк]|[Оо]т?|[Пп]осле|[Кк]онц[еа]|[Нн]ачал[еа]) )?"
            rf"\b({numeral})(?:(-| — | и )({numeral}))? (вв?\.|век(?:а|у|ом|е|ов|ах)?\b)",
            century,
        ),
        rule(
            rf"\b([А-ЯЁ][а-яё]+|{'|'.join(NUMBERED_IN_ROMAN)}) ({roman.SMALL_NUMERAL})(?!\w)", ruler
        ),
        rule(
            rf"(?<!\w)({roman.SMALL_NUMERAL}) (?=([А-Яа-яё]{{4,}}))",
            lambda m: f"{ordinal(roman.value(m[1]), form_of(m[2]))} ",
        ),
    ]


def years() -> list[Rule]:
    """В 2020 г., 1990 год, в 1941-1945 гг."""

    def spell(match: re.Match[str]) -> str:
        before, first, second, noun = match.groups()
        locative = (before or "").lower() in ("в", "во")
        if noun == "г.":
            noun = "году" if locative else "года"
        if noun == "гг.":
            noun = "годах" if locative else "годы" if before is None else "годов"
        form = {"год": "m", "года": "gen", "годом": "ins", "годы": "m", "годов": "gen",
                "годах": "prep", "годам": "dat"}.get(noun)  # fmt: skip
        if noun == "году":
            form = "dat" if (before or "").lower() == "к" else "prep"
        words = " — ".join(ordinal(int(year), form or "m") for year in (first, second) if year)
        return f"{before + ' ' if before else ''}{words} {noun}{_stop(match)}"

    return [
        rule(
            r"\b([Сс]) (\d{4}) (по|до) (\d{4}) (год(?:а|у)?|гг?\.)",
            lambda m: f"{m[1]} {ordinal(int(m[2]), 'gen')} {m[3]} {m[4]} {m[5]}",
        ),
        rule(
            r"\b([Сс]) (1[1-9]\d\d|20\d\d) (по|до) (1[1-9]\d\d|20\d\d)(?=[,;:!?)]|\.?$|\.\s)",
            lambda m: (
                f"{m[1]} {ordinal(int(m[2]), 'gen')} {m[3]} "
                f"{ordinal(int(m[4]), 'm' if m[3] == 'по' else 'gen')}"
            ),
        ),
        rule(
            r"\b([Вв]) (1[1-9]\d\d|20\d\d)(?=[,;:!?)]|\.?$|\.\s)",
            lambda m: f"{m[1]} {ordinal(int(m[2]), 'prep')}",
        ),
        rule(
            r"(?:\b([Вв]о?|[Кк]|[Сс]|[Дд]о|[Оо]т|[Пп]осле|[Оо]коло) )?"
            r"(?<![\w.,/])(\d{3,4}|\d{1,2}(?= г\. (?:до )?н\.))"
            r"(?:(?:-| — )(\d{4}|\d\d))? (гг?\.|год(?:а|у|ом|ы|ов|ах|ам)?\b)",
            spell,
        ),
    ]


def _stop(match: re.Match[str]) -> str:
    """Keep the dot of an abbreviation at the end of the sentence."""
    ends = not any(character.isalnum() for character in match.string[match.end() :])
    return "." if match[0].endswith(".") and ends else ""


def _follows_word(match: re.Match[str]) -> bool:
    return bool(match.string[: match.start()].strip())
