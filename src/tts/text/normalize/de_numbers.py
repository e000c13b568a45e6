"""German numbers that depend on the words beside them: ordinals, genders, fractions, compounds."""

import re

from tts.text.normalize import roman
from tts.text.normalize.de_tables import AFTER_ORDINAL, FEMININE, NOT_FEMININE
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule
from tts.text.normalize.word_lists import words

_WEAK = (
    "am|im|vom|zum|zur|beim|dem|den|des|ab|bis|seit|in|an|auf|mit|nach|von|vor|bei|aus|"
    "[dms]?einem|[dms]?einen|[dms]?einer|ihrem|ihren|ihrer|unserem|unseren|unserer|diesem|diesen|"
    "jedem|jeden"
)
_STRONG = "der|die|das|diese|dieser|dieses|jede|jeder|jedes|welche|welcher"
_FEMININE_ENDING = re.compile(r".{2,}(?:ung|heit|keit|zeit|schaft|ion|tät|in|ik|ur|enz|anz|e)")
# nouns before a number that names instead of counting
_NUMBERED = words(
    "Nummer Platz Teil Band Kapitel Seite Punkt Absatz Artikel Paragraf Zimmer Gleis Tag Satz "
    "Ziffer Zeile Strophe Stufe Klasse Gruppe Typ Phase Version Linie Haus Kanal Raum Saal Szene "
    "Akt Abschnitt Anlage Level Halle Tor Block"
)


class _GermanNumbers(Numbers):
    """Years from 1100 to 1999 are read in hundreds."""

    def one(self, noun: str) -> str:
        return "eine" if is_feminine(noun.split()[0]) else "ein"

    def year(self, number: int) -> str:
        if 1100 <= number < 2000:
            return super().year(number)
        return self.cardinal(number)

    def to_words(self, number: int, kind: str) -> str:
        return super().to_words(number, kind) if number else "null"


NUMBERS = _GermanNumbers("de", decimal=",", group=". ", point="Komma", minus="minus")


def is_feminine(noun: str) -> bool:
    """Guess the gender of a noun in the singular."""
    if noun in NOT_FEMININE:
        return False
    return noun in FEMININE or _FEMININE_ENDING.fullmatch(noun) is not None


def ending(before: str | None) -> str:
    """Return an ordinal's ending after the word ``before``: der dritte, am dritten, dritter."""
    if before is None:
        return "r"
    return "" if re.fullmatch(_STRONG, before.lower()) else "n"


def ordinals() -> list[Rule]:
    """Der 3. Platz, im 19. Jahrhundert, Ludwig XIV., II. Weltkrieg."""
    number = rf"(\d{{1,3}}|{roman.NUMERAL})\."

    def after_article(match: re.Match[str]) -> str:
        return f"{match[1]} {NUMBERS.ordinal(_value(match[2]))}{ending(match[1])}"

    def both_after_article(match: re.Match[str]) -> str:
        """Im 18. und 19. Jahrhundert: both have one ending."""
        before, first, joiner, second = match.groups()
        case = ending(before)
        words = [f"{NUMBERS.ordinal(_value(written))}{case}" for written in (first, second)]
        return f"{before} {joiner.join(words)}"

    def without_article(match: re.Match[str]) -> str:
        neuter = _NEUTER.match(match.string[match.end() :].lstrip())
        noun = re.match(r"\s*(\w+)", match.string[match.end() :])
        if noun and is_feminine(noun[1]):
            return NUMBERS.ordinal(_value(match[1]))
        return f"{NUMBERS.ordinal(_value(match[1]))}{'s' if neuter else 'r'}"

    def ruler(match: re.Match[str]) -> str:
        before, name, numeral = match.groups()
        word = NUMBERS.ordinal(_value(numeral)).capitalize()
        genitive = name.endswith("s") and name[:-1] in _KINGS
        article = "die" if name in _QUEENS else "der"
        if genitive:
            article, word = "des", f"{word}n"
        elif before and before.lower() in _DATIVE:
            article, word = ("der" if name in _QUEENS else "dem"), f"{word}n"
        stop = "" if match.string[match.end() :].strip(" \"')") else "."
        return f"{before + ' ' if before else ''}{name} {article} {word}{stop}"

    kings = "|".join(f"{name}s?" for name in sorted(_KINGS))
    return [
        rule(
            rf"(?:\b(\w+) )?\b({kings}|{'|'.join(sorted(_QUEENS))}) ({roman.NUMERAL})\b\.?", ruler
        ),
        rule(
            rf"\b((?i:{_WEAK}|{_STRONG})) {number}(-| und | bis | oder | — ){number}(?= ?[^\W\d_])",
            both_after_article,
        ),
        rule(rf"\b((?i:{_WEAK}|{_STRONG})) {number}(?= ?[^\W\d_])", after_article),
        rule(rf"(?<!\w)(?<!\d\. ){number}(?= ?(?:{AFTER_ORDINAL})\b)", without_article),
    ]


_NEUTER = re.compile(r"Programm|Schul|Ja|Ka|Le|Ma|Qu|Se|Re|Kind|Spiel\b|Buch|Geschoss")
_DATIVE = {"unter", "von", "mit", "bei", "nach", "seit", "zu"}
_KINGS = words(
    "Ludwig Wilhelm Friedrich Heinrich Otto Karl Konrad Leopold Maximilian Joseph Josef Franz "
    "Rudolf Albert Albrecht Ferdinand Georg Eduard Philipp Gustav Christian August Peter Iwan "
    "Alexander Nikolaus Johannes Paul Pius Benedikt Leo Gregor Clemens Innozenz Urban Napoleon "
    "Ramses Harald Erik Richard Jakob Alfons Juan Felipe Carlos"
)
_QUEENS = words("Elisabeth Katharina Margarethe Margrethe Maria Christina Isabella Anna")


def _value(written: str) -> int:
    return int(written) if written.isdigit() else roman.value(written)


def halves() -> Rule:
    """1/2 Stunde -> eine halbe Stunde; other genders depend on the case, and stay."""
    return rule(
        r"(?<![\w.,/])(?<!\d )1[/⁄]2 (?=([A-ZÄÖÜ][a-zäöüß]+))",
        lambda m: "eine halbe " if is_feminine(m[1]) else m[0],
    )


def fraction(numerator: int, denominator: int) -> str:
    """Return ein Drittel, drei Viertel, ein halb."""
    if denominator == 2:
        return "ein halb"
    part = NUMBERS.ordinal(denominator)[:-1].capitalize() + "el"
    return f"{'ein' if numerator == 1 else NUMBERS.cardinal(numerator)} {part}"


def half_numbers() -> Rule:
    """Join mixed numbers: zwei ein halb is zweieinhalb."""
    return rule(
        r"\b(ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf)(s?) ein halb\b",
        r"\1einhalb",
    )


def joined_words() -> list[Rule]:
    """1990er-Jahre, 100-jährig, 50%ige, 3-mal: the number is a part of the word."""
    tails = r"jährig|jährlich|tägig|stündig|minütig|wöchig|monatig|köpfig|teilig|fach|mal|stellig"

    def decade(match: re.Match[str]) -> str:
        number = int(match[1])
        decades = NUMBERS.year(number) if number < 2000 else NUMBERS.cardinal(number)
        return f"{decades}{match[2]}{' ' if match[3] else ''}"

    def compound(match: re.Match[str]) -> str:
        words = NUMBERS.read(match[1])
        return f"{re.sub(r'^ein(?=hundert|tausend)', '', words)}-"

    def joined(match: re.Match[str]) -> str:
        number = re.sub(r"^ein(?=hundert|tausend)", "", NUMBERS.cardinal(int(match[1])))
        return re.sub(r"^eins$", "ein", number) + match[2]

    return [
        rule(r"(?<![\w.,-])(\d+,\d+)-(?=mal|fach)", lambda m: NUMBERS.read(m[1])),
        rule(r"(?<![\w.,-])(\d{1,4})(er[ns]?)\b(-?)", decade),
        rule(
            r"(?<![\w.,-])(\d{1,3})-?((?i:" + tails + r")\w*)",
            lambda m: joined(m).lower(),
        ),
        rule(r"(?<![\w.,-])(\d{1,3}(?:,\d+)?)-(?=[A-ZÄÖÜ][a-zäöüß]+-)", compound),
        rule(
            r"(?<![\w.,-])(\d{1,3}) ?%-?(ig\w*)",
            lambda m: f"{joined(m)[: -len(m[2])]}prozent{m[2]}",
        ),
        rule(r"(?<![\w.,-])(\d{1,3})x(?!\w)", r"\1 mal"),
    ]


def one_before_noun() -> Rule:
    """1 Mann, 1 Frau: the numeral agrees with the noun."""

    numbered = "".join(rf"(?<!\b{word} )" for word in sorted(_NUMBERED))
    return rule(
        rf"(?<![\w.,:/-]){numbered}1 (?=(?!De|Di|Da)([A-ZÄÖÜ][a-zäöüß]+))",
        lambda match: f"{NUMBERS.one(match[1])} ",
    )
