"""Persian ezafe: the unwritten -e between words, added where it is certain.

It is written as kasra (کتابِ), after a silent h as ۀ, and after a long vowel as ی, all of which
espeak-ng reads. Certain are: words that always have it before a noun (بدون, زیر), fixed phrases,
dates, numbered nouns (سال, شماره), places after their kind (شهر تهران), and things with a pronoun
that owns them (نام من). All other places are left as they are, and :func:`undecided` counts them.
"""

import re
from itertools import pairwise

from tts.text.normalize.fa_tables import JALALI_MONTHS, MONTHS
from tts.text.normalize.shared_rules import Rule


def _words(words: str) -> list[str]:
    return words.split()


_SILENT_H = "ۀ"
_KASRA = "\u0650"
_SPOKEN_H = frozenset(_words("علیه توجیه فقیه شبیه تنبیه به مه ده نه سه که چه کره بنیه"))
_WORD = "[\u0621-\u06cc\u064b-\u0652\u200c]+"
_FUNCTION_WORDS = frozenset(
    _words(
        "و یا که را در از به با بر تا هم نیز اما ولی اگر چون پس این آن همین همان هر هیچ چه چند "
        "یک است نیست بود نبود شد نشد باشد باید شاید هست هستند بودند شدند می نمی خواهد خواهند "
        "کرد کرده کند کنند دارد دارند داشت داده داد شده شود شوند گفت گفته رفت آمد مگر فقط حتی "
        "بسیار خیلی من تو او ما شما ایشان آنها آن‌ها بی نه بله خود"
    )
)
# they have it before every noun
_HEADS = _words(
    "بدون زیر کنار داخل درون میان بین مثل مانند طبق علیه ضد نزد حدود توسط مقابل پشت خلاف تحت طی "
    "شامل فاقد"
)
_AFTER_PREPOSITION = {
    "در": "مورد حال طول میان برابر مقابل جریان حین پایان آغاز",
    "به": "عنوان دلیل علت خاطر وسیله منظور همراه سبب",
    "بر": "اساس خلاف طبق",
    "از": "طریق طرف جانب لحاظ نظر",
}
_NUMBERED = _words("سال ساعت قرن شماره صفحه طبقه جلد فصل بند ماده دقیقه بار نفر روز مرحله بخش دور")
_KINDS = _words("شهر کشور استان خیابان میدان دانشگاه جزیره کوه رود فرودگاه")
_PLACES = _words(
    "تهران اصفهان شیراز مشهد تبریز قم کرج اهواز کرمان یزد رشت ایران آلمان فرانسه ایتالیا اسپانیا "
    "روسیه چین ژاپن ترکیه عراق افغانستان هند آزادی انقلاب ولیعصر فردوسی دماوند البرز کارون کیش "
    "قشم فارس خراسان گیلان مازندران لندن پاریس برلین"
)
_OWNED = _words(
    "نام اسم خانه کتاب شهر کشور زندگی دست چشم قلب نظر عقیده حرف اتاق کیف ماشین لباس صدا زبان "
    "خانواده کشورمان"
)
_OWNERS = _words("من تو او ما شما ایشان آنها آن‌ها خود خودم خودت خودش خودمان خودتان خودشان")
_PHRASES = (
    "جمهوریِ اسلامیِ ایران", "رئیسِ جمهور", "خلیجِ فارس", "زبانِ فارسی", "سازمانِ مللِ متحد",
    "سازمانِ ملل", "حقوقِ بشر", "وزارتِ علوم", "وزارتِ بهداشت", "آموزش و پرورشِ کشور",
    "مجلسِ شورای اسلامی", "شبِ یلدا", "سالِ نو", "روزِ بعد", "وقتِ ظهر",
)  # fmt: skip
_NUMBERS = _words(
    "صفر یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده "
    "نوزده بیست سی چهل پنجاه شصت هفتاد هشتاد نود صد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد "
    "نهصد هزار میلیون اول دوم سوم چهارم پنجم ششم هفتم هشتم نهم دهم یازدهم دوازدهم سیزدهم "
    "چهاردهم پانزدهم شانزدهم هفدهم هجدهم نوزدهم بیستم سی‌ام آخر"
)


def with_ezafe(word: str) -> str:
    """Return a word with the mark of an ezafe: کتابِ, خانۀ, جای."""
    if word[-1] == "ه" and word not in _SPOKEN_H and word[-2:-1] not in ("ا", "و"):
        return word[:-1] + _SILENT_H
    if word[-1] in "او" and len(word) > 2:
        return word + "ی"
    return word + _KASRA


def ezafe_rules() -> list[Rule]:
    """Return the rules, for text in words."""
    months = [*JALALI_MONTHS, *MONTHS]
    rules = [_phrases()]
    for before, words in _AFTER_PREPOSITION.items():
        rules.append(_before_noun(words.split(), rf"(?<!\w){before} "))
    return [
        *rules,
        _before_noun(_HEADS),
        _pairs(_NUMBERED, [*_NUMBERS, *months]),
        _pairs(_KINDS, _PLACES),
        _pairs(_OWNED, _OWNERS),
        _ordinal_before(months),
        _pairs(months, _NUMBERS),
    ]


def undecided(text: str) -> int:
    """Return how many places may have an ezafe that was not added: two words without a mark."""
    words = re.findall(rf"{_WORD}|[^\s]", text)
    return sum(_is_open(first) and _is_open(second) for first, second in pairwise(words))


def _is_open(word: str) -> bool:
    plain = word not in _FUNCTION_WORDS and word not in _NUMBERS
    return len(word) > 2 and plain and word[-1] not in (_KASRA, _SILENT_H, "ی")


def _alternatives(words: list[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def _before_noun(words: list[str], before: str = r"(?<!\w)") -> Rule:
    """Add it before any word that is not a function word other than a pronoun."""
    pattern = re.compile(rf"({before})({_alternatives(words)})(?= ({_WORD}))")
    stops = _FUNCTION_WORDS - set(_OWNERS) - {"این", "آن", "همین", "همان", "هر", "هیچ", "یک"}

    def add(match: re.Match[str]) -> str:
        if match[3] in stops or match[3].startswith(("می‌", "نمی‌")):
            return match[0]
        return match[1] + with_ezafe(match[2])

    return lambda text: pattern.sub(add, text)


def _pairs(firsts: list[str], seconds: list[str]) -> Rule:
    pattern = re.compile(
        rf"(?<!\w)({_alternatives(firsts)})(?= (?:{_alternatives(seconds)})(?!\w))"
    )
    return lambda text: pattern.sub(lambda match: with_ezafe(match[1]), text)


def _ordinal_before(months: list[str]) -> Rule:
    pattern = re.compile(rf"(?<!\w)({_WORD}م)(?= (?:{_alternatives(months)})(?!\w))")
    return lambda text: pattern.sub(lambda match: with_ezafe(match[1]), text)


def _phrases() -> Rule:
    table = {phrase.replace(_KASRA, ""): phrase for phrase in _PHRASES}
    pattern = re.compile(rf"(?<!\w)(?:{_alternatives(list(table))})(?!\w)")
    return lambda text: pattern.sub(lambda match: table[match[0]], text)
