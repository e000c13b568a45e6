"""SSML: what its tags become, and one clear error for all else."""

import pytest

from tts.text.analysis import AnalyzedSentence, Cast, analyze
from tts.text.errors import TextError, UnreadableTextError
from tts.text.frontend import Frontend
from tts.text.spans import EMPHASIS, PLAIN

FRONTEND = Frontend()
CAST = Cast(("en-us", "de"), {"ann": "en-us", "bert": "de"})


def read(text: str, ssml: bool = False) -> list[AnalyzedSentence]:
    return analyze(FRONTEND, text, "en-us", cast=CAST, ssml=ssml)


def test_sentences_and_paragraphs_have_their_pauses() -> None:
    text = """<?xml version="1.0"?>
    <speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-US">
      <p><s>One <break time="250ms"/> two</s> <s>Three
      four</s></p> <p>Five<break/></p></speak>"""
    found = read(text)
    assert [one.normalized for one in found] == ["One", "two", "Three four", "Five"]
    assert [one.pause for one in found] == [0.0, 0.4, 0.8, 0.0]
    assert [one.silence for one in found] == [0.25, 0.0, 0.0, 0.4]
    assert [one.phonemes[-2] for one in found] == [",", ".", ".", "."]


@pytest.mark.parametrize(
    ("inside", "normalized"),
    [
        ("<sub alias='World Wide Web'>WWW</sub> &amp; more", "World Wide Web and more"),
        ("<say-as interpret-as='characters'>ab1</say-as>", "A B one"),
        ("<say-as interpret-as='cardinal'>1998</say-as>",
         "one thousand nine hundred and ninety-eight"),
        ("the <say-as interpret-as='ordinal'>3rd</say-as> one", "the third one"),
        ("<say-as interpret-as='digits'>105</say-as>", "one zero five"),
        ("<say-as interpret-as='date' format='dmy'>14.3.1998</say-as>",
         "March fourteenth, nineteen ninety-eight"),
        ("<say-as interpret-as='time' format='hms12'>2:30pm</say-as>", "two thirty P M"),
        ("[pause 1] is text", "(pause one) is text"),
    ],
)  # fmt: skip
def test_text_is_read_as_the_tags_say(inside: str, normalized: str) -> None:
    [sentence] = read(f"<speak>{inside}</speak>")
    assert sentence.normalized == normalized


def test_phonemes_take_the_place_of_a_word_and_its_neighbors_stay() -> None:
    text = "<speak>A <phoneme alphabet='ipa' ph='təmˈɑːtoʊ'>tomato</phoneme> to eat.</speak>"
    [sentence] = read(text)
    assert sentence.phonemes == " ɐ təmˈɑːtoʊ tʊ ˈiːt. "
    assert sentence.text == "A tomato to eat."


@pytest.mark.parametrize(
    ("tag", "prosody"),
    [
        ("prosody rate='80%' pitch='+2st' volume='-6dB' range='high'",
         PLAIN._replace(rate=0.8, pitch=2.0, energy=-6.0, pitch_range=1.4)),
        ("prosody rate='+20%'", PLAIN._replace(rate=1.2)),
        ("prosody pitch='-50%'", PLAIN._replace(pitch=-12.0)),
        ("emphasis level='strong'", EMPHASIS["strong"]),
        ("emphasis", EMPHASIS["moderate"]),
    ],
)  # fmt: skip
def test_prosody_and_emphasis(tag: str, prosody: object) -> None:
    [sentence] = read(f"<speak>a <{tag}>cat</{tag.split()[0]}></speak>")
    assert sentence.prosody[3:7] == (prosody,) * 4


def test_languages_and_voices_are_those_of_the_model() -> None:
    found = read(
        "<speak>Hi <lang xml:lang='de-DE'>Guten Tag</lang> <voice name='bert'>Ja "
        "<lang xml:lang='en'>no</lang></voice></speak>"
    )
    assert [(one.language, one.speaker) for one in found] == [
        ("en-us", None), ("de", None), ("de", "bert"), ("en-us", "bert"),
    ]  # fmt: skip


def test_ssml_can_be_asked_for() -> None:
    assert read("a <break time='1s'/> b", ssml=True)[0].silence == 1.0
    with pytest.raises(UnreadableTextError, match="only tags"):
        read("<speak><break/></speak>")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<speak>\nHi <audio src='x'/></speak>", "line 2, character 4: <audio> is not supported"),
        ("<speak><p align='x'>a</p></speak>", "character 8: <p> has the attribute align"),
        (
            "<speak>a <voice name='carl'>b</voice></speak>",
            '10: <voice name="carl"> is not a .*bert',
        ),
        ("<speak>\n<p><lang xml:lang='fr'>b</lang></p></speak>", "line 2, character 4: .*us, de"),
        ("<speak><s xml:lang='fr'><emphasis>b</emphasis></s></speak>", '8: <s xml:lang="fr"> is'),
        ("<speak><lang>b</lang></speak>", '<lang> needs xml:lang="..."'),
        ("<speak><sub alias='x'>a <break/></sub></speak>", "cannot stand inside of <sub>"),
        ("<speak><prosody rate='quick'>a</prosody></speak>", 'rate="quick">: expected 80%'),
        ("<speak><prosody rate='1%'>a</prosody></speak>", "is 0.01: expected a number from 0.1"),
        ("<speak><prosody pitch='+10Hz'>a</prosody></speak>", "expected a change such as"),
        ("<speak>a<break time='100s'/></speak>", "is 100: expected a number from 0 to 60"),
        ("<speak>a<break strength='huge'/></speak>", "choose from none, x-weak"),
        ("<speak><phoneme ph='@'>a</phoneme></speak>", "<phoneme>: @ in '@' is no phoneme"),
        ("<speak><phoneme ph='a' alphabet='x-sampa'>a</phoneme></speak>", "write ipa"),
        ("<speak><say-as interpret-as='magic'>a</say-as></speak>", "choose from characters"),
        ("<speak><say-as interpret-as='ordinal'>a</say-as></speak>", "'a' is no whole number"),
        ("<speak>a & b</speak>", "character 11: not well-formed .*&amp;"),
        ("<speak>a <p>b</speak>", "mismatched tag; close every tag"),
        ("<!DOCTYPE speak [<!ENTITY a 'b'>]><speak>&a;</speak>", "document type is not supported"),
        ("<speak>&a;</speak>", "undefined entity"),
    ],
)
def test_what_is_not_supported_is_one_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(TextError, match=message) as error:
        read(text)
    assert "\n" not in str(error.value)
