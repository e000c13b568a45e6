"""Languages: identification, code-switching, own front ends, characters, 40 languages at once."""

import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tts.text import espeak
from tts.text.analysis import AnalyzedSentence, Cast, analyze
from tts.text.characters import Characters
from tts.text.errors import TextError, UnreadableTextError
from tts.text.frontend import Frontend
from tts.text.language_id import detect_language, identify_language
from tts.text.multilingual import MultilingualPhonemizer, _reader
from tts.text.normalize.fa_ezafe import undecided
from tts.text.readers.korean import pronounced
from tts.text.reading import read_text
from tts.text.symbols import SILENT, SYMBOLS

FRONTEND = Frontend()
# a word of each, which its phonemizer must speak
WORDS = {
    "en-us": "house", "de": "Haus", "fr-fr": "maison", "nl": "huis", "es": "casa", "it": "casa",
    "pt": "casa", "pl": "dom", "ru": "дом", "uk": "дім", "bg": "къща", "cs": "dům", "sv": "hus",
    "fi": "talo", "hu": "ház", "tr": "ev", "el": "σπίτι", "fa": "خانه", "ar": "بيت", "hi": "घर",
    "cmn": "房子", "ko": "집",
}  # fmt: skip
# letters of which words are made
ALPHABETS = {
    "en-us": "abcdefghijklmnopqrstuvwxyz", "de": "abcdefghijklmnopqrstuvwxyzäöüß",
    "fr-fr": "abcdefghijklmnopqrstuvwxyzéèçàûœ", "nl": "abcdefghijklmnopqrstuvwxyzëï",
    "es": "abcdefghijklmnopqrstuvwxyzñáü", "it": "abcdefghilmnopqrstuvzàèò",
    "pt": "abcdefghijlmnopqrstuvxzãçõ", "pl": "abcdefghijklmnoprstuwyząęłńśźżó",
    "cs": "aábcčdďeéěfghiíjklmnňoóprřsštťuúůvyýzž", "sv": "abcdefghijklmnopqrstuvxyzåäö",
    "fi": "adeghijklmnoprstuvyäö", "hu": "aábcdeéfghiíjklmnoóöőprstuúüűvz",
    "tr": "abcçdefgğhıijklmnoöprsştuüvyz", "sw": "abcdefghijklmnoprstuvwyz",
    "vi": "abcdeghiklmnopqrstuvxyăâđêôơư", "ru": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "uk": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "bg": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "el": "αβγδεζηθικλμνξοπρστυφχψωάέή", "ka": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
    "fa": "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی", "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "he": "אבגדהוזחטיכלמנסעפצקרשת", "hi": "कखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह",
    "cmn": "房子人大中国好的是我你们他", "ko": "집사람학교한국말하나다라마바",
}  # fmt: skip

VOICE = ["en-us", "de", "nl", "ru", "fr-fr", "es", "it"]


def _everyday(kinds: str) -> list[tuple[str, str]]:
    """Return everyday sentences, each after its language; ``kinds``: tuned, held or both."""
    lines = Path(__file__).with_name("everyday_sentences.txt").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in lines.splitlines() if not line.startswith("#")]
    return [
        ("en-us" if head.split()[1] == "en" else head.split()[1], sentence)
        for head, *sentences in rows
        if head.split()[0] in kinds
        for sentence in sentences
    ]


def sentences(text: str, language: str, cast: Cast | None = None) -> list[AnalyzedSentence]:
    return analyze(FRONTEND, text, language, cast=cast)


@settings(max_examples=25)
@given(st.sampled_from(sorted(WORDS)), st.lists(st.text(max_size=8), max_size=4))
def test_no_word_is_lost_in_silence(language: str, noise: list[str]) -> None:
    word = WORDS[language]
    alone = FRONTEND(word, language).phonemes
    spoken = [symbol for symbol in alone if symbol not in SILENT]
    text = f"{word} {' '.join(noise)} . {word}".replace("[", "").replace("<", "")
    output = read_text(FRONTEND, text, language)
    assert len([s for s in output.phonemes if s not in SILENT]) >= len(spoken)
    letters = [c for c in " ".join(noise) if c.isalpha() and c.isascii()]
    if letters and language == "en-us":  # no letter is silent where it stands alone
        assert len(output.phonemes) > len(alone)


@pytest.mark.parametrize("language", sorted(ALPHABETS))
@settings(max_examples=20)
@given(st.data())
def test_each_word_adds_phones_or_is_named(language: str, data: st.DataObject) -> None:
    word = st.text(ALPHABETS[language], min_size=3, max_size=8)
    words = data.draw(st.lists(word, min_size=2, max_size=5))
    before, _ = _spoken(" ".join(words[:-1]), language)
    whole, unknown = _spoken(" ".join(words), language)
    assert whole > before or set(unknown) & set(words[-1])
    for each in words:
        assert any(_spoken(each, language))


def _spoken(text: str, language: str) -> tuple[int, tuple[str, ...]]:
    """Return how many phones a text has, and the characters that are left out."""
    try:
        output = FRONTEND(text, language)
    except UnreadableTextError as error:
        return 0, error.left_out
    return sum(symbol not in SILENT for symbol in output.phonemes), output.unknown


def test_every_language_of_espeak_has_its_symbols_in_the_shared_table() -> None:
    library = espeak.shared()
    without = [code for code in library.languages if not library.has_dictionary(code)]
    assert len(library.languages) > 100
    for code in library.languages:
        if code in without:
            with pytest.raises(TextError, match="no dictionary of it"):
                FRONTEND("a", code)
            continue
        output = FRONTEND("Hello world, 25 times.", code)
        assert not set(output.unknown) - set("Helowrdtims"), code
        assert set(output.phonemes) <= set(SYMBOLS)


def test_forty_languages_at_once() -> None:
    library = espeak.shared()
    latin = (code for code in library.languages if FRONTEND.scripts(code) == {"LATIN"})
    codes = [code for code in latin if library.has_dictionary(code)]
    text = " ".join(f"[{code}: hello]" for code in codes if "-" not in code and len(code) < 4)
    assert text.count("[") >= 40
    found = sentences(f"They say {text}.", "en-us")
    assert sum(len(one.phonemes.split()) for one in found) >= 42
    assert not any(one.unknown for one in found)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Good evening, how are you today?", "en-us"),
        ("Guten Abend, wie geht es Ihnen heute?", "de"),
        ("Goedenavond, hoe gaat het vandaag met u?", "nl"),
        ("Bonsoir, comment allez-vous aujourd'hui ?", "fr-fr"),
        ("Buenas noches, ¿cómo está usted hoy?", "es"),
        ("Buonasera, come sta oggi il professore?", "it"),
        ("Boa noite, como está o senhor hoje?", "pt"),
        ("Dobry wieczór, jak się pan dzisiaj czuje?", "pl"),
        ("Добрый вечер, как вы себя чувствуете?", "ru"),
        ("Добрий вечір, як ви себе почуваєте сьогодні?", "uk"),
        ("شب بخیر، حال شما امروز چطور است؟", "fa"),
        ("مساء الخير، كيف حالك اليوم؟", "ar"),
        ("晚上好，你今天怎么样？", "cmn"),
        ("こんばんは、今日はお元気ですか。", "ja"),
        ("안녕하세요, 오늘 어떠세요?", "ko"),
        ("Καλησπέρα, τι κάνετε σήμερα;", "el"),
    ],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    assert detect_language(text) == language
    assert detect_language(text, ["sv", language]) == language


def test_short_texts_keep_the_default_and_regions_stay() -> None:
    assert detect_language("OK.", default="de") == "de"
    assert detect_language("12 : 30", default="de") == "de"
    assert detect_language("What would they have said?", ["de", "en-gb"]) == "en-gb"
    assert detect_language("привет", ["de", "en-gb"]) is None


def test_auto_reads_each_sentence_in_its_language() -> None:
    text = "Where were you yesterday? Ich war gestern nicht zu Hause. 你好。"
    found = sentences(text, "auto")
    assert [one.language for one in found] == ["en-us", "de", "cmn"]
    assert " ".join(one.text for one in found) == text
    known = sentences(
        "Wo warst du gestern mit deinen Freunden? Dat weet ik nu echt niet meer.",
        "auto",
        Cast(["de", "nl"], {}),
    )
    assert [one.language for one in known] == ["de", "nl"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("The word Москва means five things.", [("ru", "Москва")]),
        ("He said [fr: bon appétit] and left.", [("fr", "bon appétit")]),
        ("A [de: 3 Äpfel] a day.", [("de", "3 Äpfel")]),
    ],
)
def test_runs_are_read_by_their_own_rules(text: str, parts: list[tuple[str, str]]) -> None:
    (sentence,) = sentences(text, "en-us")
    assert not sentence.unknown
    for language, part in parts:
        assert FRONTEND(part, language).phonemes.strip() in sentence.phonemes


def test_other_brackets_stay_text_and_foreign_quotes_stay_tight() -> None:
    assert "page" in sentences("see [cf: page 5]", "en-us")[0].normalized
    assert '"dˈom"' in sentences("Das Wort «дом» kam.", "de")[0].phonemes


def test_characters_learn_their_table() -> None:
    texts = [("Abba Ábcd, cabbage!", "fo"), ("abc 1", "fo")]
    frontend = Frontend(Characters()).learned(texts)
    output = frontend("Cab, ábd!", "fo")
    assert output.phonemes == " cab, ábd! "
    assert frontend("zab", "fo").unknown == ("z",)
    assert Frontend.from_dict(frontend.to_dict())("Cab.", "fo") == frontend("Cab.", "fo")
    small = Frontend(Characters(vocab_size=3)).learned(texts)
    assert [s for s in small.symbols if s.isalnum()] == ["a", "b", "c"]
    assert small("abcd", "fo").unknown == ("d",)
    assert FRONTEND.learned(texts) is FRONTEND


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("학교", "학꾜"), ("국물", "궁물"), ("같이", "가치"), ("좋다", "조타"), ("많이", "마니"),
        ("값이", "갑씨"), ("신라", "실라"), ("독립", "동닙"), ("앉다", "안따"), ("국화", "구콰"),
    ],
)  # fmt: skip
def test_korean_is_pronounced_by_its_rules(written: str, spoken: str) -> None:
    assert pronounced(written) == spoken


def test_korean_needs_no_package_and_others_name_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    frontend = Frontend(MultilingualPhonemizer())
    assert frontend("3시에 학교", "ko").phonemes == " se ɕie hak̚kˀjo "
    assert frontend("Hello", "en-us").phonemes == FRONTEND("Hello", "en-us").phonemes
    monkeypatch.setitem(sys.modules, "pypinyin", None)
    _reader.cache_clear()
    with pytest.raises(TextError, match="chinese"):
        frontend("你好", "cmn")


@pytest.mark.parametrize(
    ("package", "language", "text", "phonemes"),
    [
        ("pypinyin", "cmn", "银行行长", " in˧˥xaŋ˧˥ xaŋ˧˥ʈʂaŋ˨˩˦ "),
        ("pyopenjtalk", "ja", "東京の学校。", " toꜛokʲoːnoꜜ ɡaꜛʔkoː. "),
    ],
)
def test_own_front_ends(package: str, language: str, text: str, phonemes: str) -> None:
    pytest.importorskip(package)
    assert Frontend(MultilingualPhonemizer())(text, language).phonemes == phonemes


def test_an_undecided_ezafe_is_counted() -> None:
    assert undecided("کتاب بزرگ است") == 1
    assert undecided("کتابِ بزرگ است و رفت") == 0


def test_a_mixture_of_two_languages_is_no_third_one() -> None:
    text = "Good morning. How are you today? Guten Morgen, wie geht es Ihnen heute?"
    found = [one.language for one in sentences(text, "auto")]
    assert found[1:] == ["en-us", "de"]
    assert found[0] in ("en-us", "de"), "too short to tell"


def test_the_everyday_sentences_are_short_and_a_third_is_held_out() -> None:
    every, held = (Counter(code for code, _ in _everyday(k)) for k in ("tuned held", "held"))
    assert len(every) >= 31
    assert all(count >= 15 and 3 * held[code] >= count for code, count in every.items())
    assert not {text for _, text in _everyday("tuned")} & {text for _, text in _everyday("held")}
    assert all(len(text.rstrip(" ?!").split()) <= 4 for _, text in _everyday("tuned held"))


@pytest.mark.parametrize(
    ("kinds", "candidates", "share"),
    [("tuned", None, 0.94), ("held", None, 0.85), ("tuned", VOICE, 0.96), ("held", VOICE, 0.92)],
)
def test_short_everyday_sentences_are_told_apart(
    kinds: str, candidates: list[str] | None, share: float
) -> None:
    pairs = [pair for pair in _everyday(kinds) if candidates is None or pair[0] in candidates]
    right = [detect_language(text, candidates) == code for code, text in pairs]
    assert sum(right) >= share * len(pairs)


def test_each_language_has_most_of_its_everyday_sentences() -> None:
    right = Counter(code for code, text in _everyday("tuned held") if detect_language(text) == code)
    assert min(right[code] for code, _ in _everyday("held")) >= 11  # of 18


def test_a_short_sentence_keeps_its_language_in_a_text_of_another_one() -> None:
    before = "Where were you yesterday? "
    pairs = [pair for pair in _everyday("tuned held") if pair[0] in VOICE]
    cast = Cast(VOICE, {})
    found = [sentences(before + text, "auto", cast)[-1].language for _, text in pairs]
    assert sum(a == b for a, (b, _) in zip(found, pairs, strict=True)) >= 0.92 * len(pairs)


@settings(max_examples=100)
@given(st.sampled_from(_everyday("tuned held")), st.sampled_from(["en-us", "ru", "sr", "de", "sv"]))
def test_no_default_changes_a_language_that_is_clear(pair: tuple[str, str], default: str) -> None:
    alone = identify_language(pair[1])
    if alone.decided:
        assert detect_language(pair[1], default=default) == alone.language


@pytest.mark.parametrize("unclear", ["OK.", "12:30.", "Anna."])
def test_an_unclear_sentence_has_the_language_of_the_one_before_it(
    unclear: str, caplog: pytest.LogCaptureFixture
) -> None:
    german, english = "Ich war gestern nicht zu Hause.", "Where have you been yesterday?"
    for text, languages in (
        (f"{german} {unclear} {english}", ["de", "de", "en-us"]),
        (f"{english} {unclear} {german}", ["en-us", "en-us", "de"]),
        (f"{unclear} {german} {english}", ["de", "de", "en-us"]),
    ):
        caplog.clear()
        found = sentences(text, "auto", Cast(VOICE, {}))
        spoken = [one.language for one in found for _ in one.text.rstrip(".?").split(". ")]
        assert spoken == languages
        assert [unclear[:-1] in line for line in caplog.messages] == [True]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("در سال ۱۴۰۲ سلام، حال شما چطور است؟", "fa"),
        ("سلام، حال شما چطور است؟", "fa"),
        ("Σήμερα είναι 5.", "el"),
        ("오늘은 5월입니다.", "ko"),
    ],
)
def test_a_script_of_no_language_of_the_voice_is_spoken_whole(text: str, language: str) -> None:
    (alone,) = sentences(text, "auto", Cast(VOICE, {}))
    assert (alone.language, alone.unknown) == (language, ())
    assert alone.phonemes == sentences(text, language)[0].phonemes
    mixed = sentences(f"Where were you yesterday? {text}", "auto", Cast(VOICE, {}))
    assert [one.language for one in mixed] == ["en-us", language]
