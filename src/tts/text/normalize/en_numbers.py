"""English numbers in context: amounts of money, ranges, scores, decades, fractions, versions."""

import re

from tts.text.normalize.en_abbreviations import MONTHS, WEEKDAYS
from tts.text.normalize.numbers import Numbers
from tts.text.normalize.shared_rules import Rule, rule

_SCALES = {
    "K": "thousand", "k": "thousand", "M": "million", "m": "million", "mn": "million",
    "mm": "million", "MM": "million", "B": "billion", "b": "billion", "bn": "billion",
    "Bn": "billion", "BN": "billion", "T": "trillion", "tn": "trillion", "trn": "trillion",
}  # fmt: skip
_PER = {
    "hour": "hour", "hr": "hour", "h": "hour", "day": "day", "week": "week", "wk": "week",
    "month": "month", "mo": "month", "year": "year", "yr": "year", "minute": "minute",
    "min": "minute", "second": "second", "sec": "second", "s": "second", "person": "person",
    "night": "night", "kg": "kilogram", "g": "gram", "lb": "pound", "oz": "ounce", "mile": "mile",
    "mi": "mile", "km": "kilometer", "m": "meter", "gallon": "gallon", "gal": "gallon",
    "liter": "liter", "litre": "litre", "L": "liter", "l": "liter", "unit": "unit", "item": "item",
    "seat": "seat", "share": "share", "user": "user", "piece": "piece", "head": "head",
    "student": "student", "capita": "capita", "ton": "ton", "barrel": "barrel", "bbl": "barrel",
    "kWh": "kilowatt hour", "MWh": "megawatt hour", "dL": "deciliter", "mL": "milliliter",
}  # fmt: skip
_PER_NAMES = "|".join(sorted(_PER, key=len, reverse=True))
_SINGULAR = {"$": "dollar", "£": "pound", "€": "euro", "¥": "yen"}
_SIGN = r"(?:US|A|C|HK|NZ|CA|AU)?[$£€¥]"
_AMOUNT = r"\d[\d,]*(?:\.\d+)?"
_SUFFIX = "|".join(sorted(_SCALES, key=len, reverse=True))
_SCALE = "thousand|million|billion|trillion"


def amounts() -> list[Rule]:
    """Write $5K, $5-$10, $-5 and $20/hour in the way that the rule of money reads."""
    return [
        rule(rf"(?<!\w)({_SIGN}) ?([-−])(?=\d)", r"\2\1"),
        rule(rf"({_SIGN} ?\d{{1,3}}),(\d\d)(?![\w]|[.,]\d)", r"\1.\2"),  # €1,50
        rule(
            rf"({_SIGN} ?{_AMOUNT}) ?({_SUFFIX})\b",
            lambda m: f"{m[1]} {_SCALES[m[2]]}",
        ),
        rule(rf"(?<![\w.,])({_AMOUNT})(bn|tn|mn)\b", lambda m: f"{m[1]} {_SCALES[m[2]]}"),
        # 3M users, 2.5B; but Unit 4B and the company 3M
        rule(
            rf"(?<![\w.,])(\d[\d,]*\.\d+|{_AMOUNT}(?=[MB] (?:of |[a-z]+s\b)))([MB])\b",
            lambda m: f"{m[1]} {_SCALES[m[2]]}",
        ),
        # $5-$10 million, $5-10
        rule(
            rf"({_SIGN}) ?({_AMOUNT})(?: ({_SCALE}))? ?(?:-| to ) ?(?:{_SIGN})? ?({_AMOUNT})"
            rf"(?: ({_SCALE}))?(?![\d-]|,\d)",
            _money_range,
        ),
        rule(
            rf"({_SIGN}) ?({_AMOUNT})-({_SCALE})\b",
            lambda m: f"{m[2]} {m[3]} {_SINGULAR[m[1][-1]]}",
        ),
        rule(
            rf"(?<![\w.,])({_AMOUNT})[kK](?= (?!run|race|res|video|mon|disp)[a-z]{{3}})",
            r"\1 thousand",
        ),
        rule(r"(?<!\w)~ ?(?=\d|[$£€])", "about "),
        rule(
            rf"(\d(?: ?(?:{_SCALE}|[a-zA-Z%°]{{1,9}}))?) ?/ ?({_PER_NAMES})\b(?!/)",
            lambda m: f"{m[1]} per {_PER[m[2]]}",
        ),
    ]


def _money_range(match: re.Match[str]) -> str:
    sign, first, scale, second, second_scale = match.groups()
    if re.search(r"\.\d\d$", first) and not (scale or second_scale):  # coins
        return f"{sign}{first} to {sign}{second}"
    if scale and scale != second_scale:
        return f"{sign}{first} {scale} to {sign}{second}" + (
            f" {second_scale}" * bool(second_scale)
        )
    return f"{first} to {sign}{second}" + (f" {second_scale}" if second_scale else "")


def ranges() -> list[Rule]:
    """5-10, 5%-10%, 9am-5pm, 1914-18, and scores such as 3-2; other hyphens are codes."""
    number = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"

    def spell(match: re.Match[str]) -> str:
        first, second = match.groups()
        a, b = (float(written.replace(",", "")) for written in (first, second))
        digits = (len(first), len(second))
        if digits == (3, 4) and not first.endswith("0"):
            return match[0]  # a telephone number
        if digits == (4, 2) and re.match("20", first) and b == int(first[2:]) + 1:
            return f"{first} to {int(second)}"  # 2008-09
        if "0" in (first[0], second[0]) and min(digits) > 1 and "." not in first + second:
            return match[0]
        is_year = digits == (4, 2) and re.match("1[1-9]|20", first) and b > int(first[2:])
        is_score = a >= b and max(digits) <= 3 and "." not in first + second
        if max(digits) > 4 and "," not in first + second and "." not in first + second:
            return match[0]
        if a < b or is_year or is_score:
            return f"{first} to {second}"
        return match[0]

    return [
        rule(r"(?<=\d)-(?=\d+(?:\.\d+)? ?=)|(?<=\d) — (?=\d+(?:\.\d+)? ?=)", " minus "),
        rule(r"(?<=\d(?:st|nd|rd|th))-(?=\d+(?:st|nd|rd|th)\b)", " to "),
        rule(r"\b20-20\b", "twenty-twenty"),
        rule(r"\b50-50\b", "fifty-fifty"),
        rule(rf"(?<![\w.,-])({number})-({number})(?![\d-]|[.,]\d)(?!(?:st|nd|rd|th|s)\b)", spell),
    ]


def spans() -> list[Rule]:
    """9am-5pm, 9:00-17:00, 5%-10%, 20°-30°, Mon.-Fri.: write the hyphen as "to"."""
    names = {name[:3]: name for name in (*WEEKDAYS, *MONTHS)}
    short = (
        "(Mon|Tues?|Wed|Thur?s?|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)"
    )
    long = "|".join([*WEEKDAYS, *MONTHS])
    half_day = r"(?:[ap]m|[AP]M|[AP] M)"
    return [
        rule(
            rf"\b{short}\.? ?(?:-|—) ?{short}\b(?:\.(?! *$))?",
            lambda m: f"{names[m[1][:3]]} to {names[m[2][:3]]}",
        ),
        rule(rf"\b({long}) ?(?:-|—) ?({long})\b", r"\1 to \2"),
        rule(rf"(?<=\d)-(?=\d{{1,2}}(?::\d\d)? ?{half_day}\b)", " to "),
        rule(
            r"(?:(?<=\d%)|(?<=[ap]\.m\.)|(?<=\d[ap]m)|(?<=\d[AP]M)|(?<=[AP] M)) ?- ?(?=[\d$£€])",
            " to ",
        ),
        rule(r"(?<=:\d\d)-(?=\d{1,2}:\d\d\b)", " to "),
        rule(r"(?<=\d°)-(?=\d)|(?<=°[CF])-(?=\d)", " to "),
        rule(r"° (?=[CF]\b)", "°"),
        rule(r"° ?([NSEW])\b", lambda m: f" degrees {_DIRECTIONS[m[1]]}"),
    ]


_DIRECTIONS = {"N": "north", "S": "south", "E": "east", "W": "west"}


def decades(numbers: Numbers) -> list[Rule]:
    """The 1990s, the '80s, in her 30s, B-52s; a 30s delay stays."""

    def plural(words: str) -> str:
        if words.endswith("y"):
            return words[:-1] + "ies"
        return words + ("es" if words.endswith(("x", "s")) else "s")

    def decade(match: re.Match[str]) -> str:
        number = int(match[1])
        return plural(numbers.year(number) if number > 99 else numbers.cardinal(number))

    def model(match: re.Match[str]) -> str:
        number = int(match[1] or match[2])
        hundreds, rest = divmod(number, 100)
        if number < 1000 and hundreds and rest > 9:  # 747s
            return f" {numbers.cardinal(hundreds)} {plural(numbers.cardinal(rest))}"
        return f" {plural(numbers.cardinal(number))}"

    seconds = (
        r"(?<!\bfor )(?<!\ba )(?<!\bafter )(?<!\bevery )(?<!\babout )(?<!\bwithin )(?<!\btook )"
        r"(?<!\btakes )(?<!\blasted )(?<!\bthan )(?<!\bunder )(?<!\bwait )"
    )
    return [
        rule(
            r"(?<=[A-Z])[- ]?(\d{1,4})'?s\b|(?<![\w.,$£€'])(\d{3})'?s\b",
            model,
        ),
        rule(r"(?<![\w.,])'?(1[1-9]\d0|20\d0)'?s\b", decade),
        rule(r"(?<![\w.,$£€])'?00'?s\b", "two thousands"),
        rule(r"(?<!\w)'(\d0)'?s\b", decade),
        rule(rf"(?<![\w.,$£€]){seconds}([1-9]0)'?s\b", decade),
    ]


def fractions(numbers: Numbers) -> list[Rule]:
    """3/4, 2 1/2, 9/11, 50/50; other pairs are read with "over"."""
    names = {2: "half", 3: "third", 4: "quarter"}
    fixed = {
        "24/7": "twenty-four seven", "9/11": "nine eleven", "50/50": "fifty-fifty",
        "20/20": "twenty twenty", "7/11": "seven eleven", "80/20": "eighty-twenty",
        "60/40": "sixty-forty", "70/30": "seventy-thirty", "7/7": "seven seven",
    }  # fmt: skip

    def fraction(numerator: int, denominator: int) -> str:
        name = names.get(denominator) or numbers.ordinal(denominator)
        plural = "halves" if name == "half" else f"{name}s"
        return f"{numbers.cardinal(numerator)} {name if numerator == 1 else plural}"

    def mixed(match: re.Match[str]) -> str:
        numerator, denominator = int(match[2]), int(match[3])
        simple = numerator == 1 and denominator in names
        part = f"a {names[denominator]}" if simple else fraction(numerator, denominator)
        return f"{numbers.integer(match[1])} and {part}"

    def season(match: re.Match[str]) -> str:
        year, following = int(match[1]), int(match[2])
        follows = following == (year + 1) % 100
        return f"{numbers.year(year)} {numbers.cardinal(following)}" if follows else match[0]

    def proper_or_over(match: re.Match[str]) -> str:
        numerator, denominator = int(match[1]), int(match[2])
        common = denominator <= 10 or denominator in (12, 16, 20, 32, 64, 100)
        if 0 < numerator < denominator and common and match[2][0] != "0":
            return fraction(numerator, denominator)
        return f"{numbers.integer(match[1])} over {numbers.integer(match[2])}"

    return [
        rule(r"(?<![\w.,/])(\d+\.\d)/(5|10|100)\b(?!/)", r"\1 out of \2"),
        rule(rf"(?<![\w.,/])({'|'.join(fixed)})(?![\w/]|[.,]\d)", lambda m: fixed[m[1]]),
        rule(r"(?<![\w.,/-])((?:1[1-9]|20)\d\d)/(\d\d)(?![\w/]|[.,]\d)", season),
        rule(r"(?<![\w.,/])(\d+)[ -](\d{1,2})[/⁄](\d{1,2})\b(?!/)", mixed),
        rule(r"(?<![\w.,/])(\d{1,4})[/⁄](\d{1,4})\b(?!/)", proper_or_over),
    ]


def measures(numbers: Numbers) -> list[Rule]:
    """5'11", 3 ft 5 in, 6 x 4, 10x, 1e-5, 10^6, version 1.2.3."""

    def power(match: re.Match[str]) -> str:
        written = match[2].lstrip("+")
        exponent = numbers.ordinal(int(written)) if written.isdigit() else numbers.read(written)
        return f"{numbers.read(match[1])} times ten to the {exponent}"

    def version(match: re.Match[str]) -> str:
        parts = match[1].split(".")
        point = " dot " if len(parts) > 3 else " point "
        return point.join(map(numbers.integer, parts))

    return [
        rule(r"(?<![\w.])(\d{1,2})' ?(\d{1,2})(?:\"|'')", r"\1 foot \2"),
        rule(r"(?<![\w.])([4-7])' ?(\d|1[01])(?![\w'\"])", r"\1 foot \2"),
        rule(r"(?<![\w.])(\d+)' ?[x×] ?(\d+)'(?!\w)", r"\1 by \2 feet"),
        rule(r"(?<![\w.'])(\d+)'(?= (?:tall|long|wide|deep|high))", r"\1 ft"),
        rule(
            r"(?<![\w.])(\d+(?:\.\d+)?)\"(?= (?:tall|long|wide|deep|high|thick)\b)",
            r"\1 inches",
        ),
        rule(
            r"(?<![\w.])(\d+(?:\.\d+)?)\"(?= (?:screen|monitor"
            r"|display|pipe|pizza|TV|laptop|tablet|record|single|wheels?|tires?|rims?))",
            r"\1 inch",
        ),
        rule(r"(\d ?(?:ft|feet|foot)) (\d+(?:\.\d+)?) ?in\b", r"\1 \2 inches"),
        rule(r"(?<=\d) ?x ?(?=\d[\d.,]* ?=|10\^)", " times "),
        rule(r"(?<=\d) ?x ?(?=\d)|(?<=\d) x (?=[A-Z\d])", " by "),
        rule(r"(?<=\d)x\b", " times"),
        rule(r"(?<![\w.,])(\d+(?:\.\d+)?)[eE]([-−+]?\d{1,3})(?![\w.]\w)", power),
        rule(r"(?<=[\w)])\^([23])(?!\d)", lambda m: " squared" if m[1] == "2" else " cubed"),
        rule(r"(?<=[\w)])\^([-−]?\d+)", lambda m: f" to the power of {numbers.read(m[1])}"),
        rule(r"\b[vV]\.? ?(?=\d+\.\d)", "version "),
        rule(r"(?<![\w.,])(\d+(?:\.\d+){2,})(?![\w]|[.,]\d)", version),
    ]
