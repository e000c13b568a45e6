"""Text normalization: examples per rule and language, and laws for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts.text.clean import clean
from tts.text.normalize import normalize

EXPECTED = {
    "en-us": {
        "It cost $3.50 on May 5, 1997.": "It cost three dollars and fifty cents on May fifth, "
        "nineteen ninety-seven.",
        "Dr. Smith met Henry VIII at 10:30 p.m.": "Doctor Smith met Henry the eighth at ten "
        "thirty P M.",
        "the 21st of 1,234 items": "the twenty-first of one thousand two hundred thirty-four items",
        "https://www.example.com/a": "w w w dot example dot com slash a",
        "It weighs 5 kg, i.e. 11 lb.": "It weighs five kilograms, that is eleven pounds.",
        "the 1990s, 2005 and 1906": "the nineteen nineties, two thousand five and nineteen oh six",
        "-5°C & 50% of 1.5m": "minus five degrees Celsius and fifty percent of one point five "
        "meters",
        "£1,000,000 or €2.99": "one million pounds or two euros and ninety-nine cents",
        "3½ cups, 3/4 done": "three and a half cups, three quarters done",
        "10-20 years": "ten to twenty years",
        "$.00, $.50": "zero dollars, fifty cents",
        "x² + 1": "x squared plus one",
        "St. John lived on Main St.": "Saint John lived on Main Street.",
        "NASA and the US": "NASA and the U S",
    },
    "en-gb": {"105 on 3/4/2001": "one hundred and five on the third of April two thousand and one"},
    "de": {
        "Am 3. Mai 1997 kostete es 3,50 €.": "Am dritten Mai neunzehnhundertsiebenundneunzig "
        "kostete es drei Euro fünfzig Cent.",
        "z. B. 12:30 Uhr, 5 kg": "zum Beispiel zwölf Uhr dreißig, fünf Kilogramm",
    },
    "nl": {"om 12:30 uur": "om twaalf uur dertig"},
    "fr-fr": {
        "à 12h30, 71 et 95": "à douze heures trente, soixante et onze et quatre-vingt-quinze"
    },
    # the fallback: integers and common marks
    "sv": {"-5 °C och 23 kronor.": "minus fem grader Celsius och tjugotre kronor."},
    "tr": {"%50 ve 20%": "yüzde elli ve yüzde yirmi"},
}
ROWS = [
    (language, text, words) for language, rows in EXPECTED.items() for text, words in rows.items()
]


@pytest.mark.parametrize(("language", "text", "words"), ROWS, ids=[row[1] for row in ROWS])
def test_text_becomes_words(language: str, text: str, words: str) -> None:
    assert normalize(clean(text).text, language) == words


@pytest.mark.parametrize("language", ["en-us", "en-gb", "de", "nl", "fr-fr"])
@given(st.text(st.sampled_from("0123456789.,:/-%$€£ aAzstndrh"), max_size=40))
def test_no_digit_is_left(language: str, text: str) -> None:
    assert not any(character.isdigit() for character in normalize(clean(text).text, language))


@pytest.mark.parametrize("language", ["en-us", "de", "nl", "fr-fr"])
@given(st.text(st.sampled_from("abcdefghi ,"), max_size=40).map(str.strip))
def test_plain_words_do_not_change(language: str, text: str) -> None:
    cleaned = clean(text).text
    assert normalize(cleaned, language).replace(" ,", ",") == cleaned.replace(" ,", ",")
