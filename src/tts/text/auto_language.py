"""language=auto: the language of each sentence of a text."""

from collections import Counter
from collections.abc import Sequence

from tts.text.language_id import detect_language
from tts.text.sentences import split_sentences
from tts.text.spans import Passage, cut

AUTO = "auto"


def by_language(
    passages: Sequence[Passage], candidates: Sequence[str] | None, default: str
) -> list[Passage]:
    """Return passages of one language each, which their field ``language`` names.

    ``candidates``: the languages to choose from, None = all that can be detected. A sentence
    that is too short to tell has the language of its text, and a text that is, ``default``.
    Passages with a language or speaker of their own stay as they are.
    """
    usual = _usual("\n".join(passage.text for passage in passages), candidates, default)
    found: list[Passage] = []
    for passage in passages:
        if not passage.text.strip() or passage.language or passage.speaker:
            found.append(passage)
        else:
            found += _divided(passage, candidates, usual)
    return found


def _usual(text: str, candidates: Sequence[str] | None, default: str) -> str:
    """Return the language of most of the text; a mixture of two may look like a third one."""
    letters: Counter[str] = Counter()
    for sentence in split_sentences(text, default):
        letters[detect_language(sentence.text, candidates, default) or default] += len(
            sentence.text
        )
    return max(letters, key=lambda code: letters[code], default=default)


def _divided(passage: Passage, candidates: Sequence[str] | None, usual: str) -> list[Passage]:
    sentences = split_sentences(passage.text, usual)
    languages = [detect_language(one.text, candidates, usual) or usual for one in sentences]
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
