"""Words of a phonemized sentence: each has its symbols, in order, where espeak-ng merges words."""

import pytest

from tts.text.frontend import Frontend
from tts.text.word_spans import phone_spans, word_spans, words_of

FRONTEND = Frontend()


def spoken(text: str, language: str) -> list[tuple[str, str]]:
    """The words of ``text``, each with its symbols."""
    output = FRONTEND(text, language)
    words = words_of(output.normalized)
    spans = word_spans(words, output.phonemes, lambda word: FRONTEND.phonemizer(word, language))
    assert len(spans) == len(words)
    at = 0
    for start, end in spans:
        assert at <= start <= end
        between = output.phonemes[at:start]
        assert not phone_spans(between, 0, len(between)), "no phone lies between two words"
        at = end
    return [(word, output.phonemes[a:b]) for word, (a, b) in zip(words, spans, strict=True)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en-us", "one of the best", "wˈʌn ʌv ðə bˈɛst"),
        (
            "en-us",
            "As is the case, I had been out of it.",
            "ˌæz ˌɪz ðə kˈeɪs aɪ hɐd bɪn ˌaʊɾ əv ɪt",
        ),
        ("en-us", "It cost $5 at 5:30.", "ɪt kˈɔst fˈaɪv dˈɑːlɚz æt fˈaɪv θˈɜːɾi"),
        ("ru", "дела в этом году", "dʲˈeɭa v ˈɛtʌm ɡˈodu"),
        ("de", "am 24.12. in der Straße", ""),
        ("fr-fr", "Il y a l'école, n'est-ce pas ?", ""),
        ("es", "¿Qué tal están en el año 2024?", ""),
        ("cmn", "你好，世界。", ""),
    ],
)
def test_each_word_has_its_symbols(language: str, text: str, expected: str) -> None:
    found = spoken(text, language)
    assert all(symbols for _, symbols in found)
    if expected:
        assert " ".join(symbols for _, symbols in found) == expected


def test_phones_have_their_stress_length_and_modifiers() -> None:
    phonemes = " tʃˈiːz, kʰə̃ "
    spans = phone_spans(phonemes, 0, len(phonemes))
    assert [phonemes[a:b] for a, b in spans] == ["t", "ʃ", "ˈiː", "z", "kʰ", "ə̃"]
