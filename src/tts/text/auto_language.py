"""language=auto: the language of each sentence of a text."""

import logging
from collections import Counter
from collections.abc import Sequence

from tts.text.language_id import Identification, identify_language
from tts.text.sentences import Sentence, split_sentences
from tts.text.spans import Passage, cut

AUTO = "auto"
NAMED = 3  # unclear sentences in a warning, at most
log = logging.getLogger(__name__)


def by_language(
    passages: Sequence[Passage], candidates: Sequence[str] | None, default: str
) -> list[Passage]:
    """Return passages of one language each, which their field ``language`` names.

    ``candidates``: the languages to choose from, None = all that can be detected; a sentence in a
    script of none of them has another language. A sentence that does not show its language has that
    of the sentence before it, and a text that does not, ``default``; a warning names them.
    Passages with a language or speaker of their own stay as they are.
    """
    usual = _usual("\n".join(passage.text for passage in passages), candidates, default)
    split = [
        split_sentences(passage.text, usual)
        if passage.text.strip() and not passage.language and not passage.speaker
        else []
        for passage in passages
    ]
    texts = [sentence.text for sentences in split for sentence in sentences]
    languages = iter(_languages(texts, candidates, usual))
    found: list[Passage] = []
    for passage, sentences in zip(passages, split, strict=True):
        own = [next(languages) for _ in sentences]
        found += _divided(passage, sentences, own) if sentences else [passage]
    return found


def _usual(text: str, candidates: Sequence[str] | None, default: str) -> str:
    """Return the language of most of the text; a mixture of two may look like a third one."""
    letters: Counter[str] = Counter()
    for sentence in split_sentences(text, default):
        language = _identified(sentence.text, candidates, default).language
        letters[language or default] += len(sentence.text)
    return max(letters, key=lambda code: letters[code], default=default)


def _languages(texts: Sequence[str], candidates: Sequence[str] | None, usual: str) -> list[str]:
    """Return the language of each sentence."""
    found = [_identified(text, candidates) for text in texts]
    near = next((one.language for one in found if one.decided and one.language), usual)
    languages = []
    unclear: list[str] = []
    for text, (language, decided) in zip(texts, found, strict=True):
        if language is None or not decided:
            near = _identified(text, candidates, near).language or near
            unclear.append(f"{text[:40]!r}, read as {near}")
        else:
            near = language
        languages.append(near)
    if unclear:
        log.warning(
            "language=auto: %s of %s sentences do not show their language (%s); mark one that is "
            "wrong: [fr: words]", len(unclear), len(texts), "; ".join(unclear[:NAMED]),
        )  # fmt: skip
    return languages


def _identified(
    text: str, candidates: Sequence[str] | None, default: str | None = None
) -> Identification:
    """Return the language of a sentence: of all languages where no candidate has its script."""
    found = identify_language(text, candidates)
    return identify_language(text, candidates if found.language else None, default)


def _divided(
    passage: Passage, sentences: Sequence[Sentence], languages: Sequence[str]
) -> list[Passage]:
    if len(set(languages)) == 1:  # the text stays as it was written
        return [passage._replace(language=languages[0])]
    parts: list[Passage] = []
    pieces = cut(passage.spans, [one.text for one in sentences])
    for spans, sentence, language in zip(pieces, sentences, languages, strict=True):
        if parts and parts[-1].language == language:
            last = parts[-1].spans
            spaced = last[-1]._replace(text=last[-1].text + " ")
            spans = (*last[:-1], spaced, *spans)
            parts.pop()
        parts.append(Passage(spans, language, gap=sentence.pause))
    parts[-1] = parts[-1]._replace(
        pause=passage.pause, gap=passage.gap, continues=passage.continues
    )
    return parts
