"""The language of a corpus: whether the phonemizer has it, and whether the texts are in it."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tts.data.corpora.source import CorpusError, Source
from tts.data.manifest import Row
from tts.text.errors import TextError, UnreadableTextError, shortened
from tts.text.frontend import Frontend
from tts.text.language_words import other_language
from tts.text.normalize.fa_ezafe import undecided

SAMPLE = 2000  # texts that are read of each speaker or language
NAMED = 5  # speakers, at most
_MARK = "warning: "


def require_languages(sources: Sequence[Source], frontend: Frontend) -> None:
    """Raise CorpusError for a language that the phonemizer does not have, before any work."""
    for language in sorted({source.language for source in sources if _is_phonemized(source)}):
        try:
            frontend("a", language)
        except UnreadableTextError:
            continue  # a language without Latin letters
        except TextError as error:
            raise CorpusError(f"data.language={shortened(language)}: {error}") from error


def _is_phonemized(source: Source) -> bool:
    return source.phonemes is None and bool(source.text.strip())


def language_warnings(rows: Sequence[Row]) -> list[str]:
    """Return a line for each language or speaker whose texts seem to be in another language."""
    by_language: dict[str, list[str]] = defaultdict(list)
    by_speaker: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        by_language[row.language].append(row.text)
        by_speaker[row.language, row.speaker].append(row.text)
    lines = [_warning("the texts", language, texts) for language, texts in by_language.items()]
    if not any(lines):
        # one speaker of several can have another language
        lines = [
            _warning(f"{name}'s texts", code, texts) for (code, name), texts in by_speaker.items()
        ]
    found = [line for line in lines if line is not None]
    found += _ezafe_line(rows)
    more = [f"{_MARK}and {len(found) - NAMED} more speakers"] if len(found) > NAMED else []
    return [*found[:NAMED], *more]


def reported_warnings(report: Path) -> list[str]:
    """Return the lines of :func:`language_warnings` in the report of a prepared corpus."""
    lines = report.read_text(encoding="utf-8").splitlines() if report.is_file() else []
    return [line for line in lines if line.startswith(_MARK)]


def _ezafe_line(rows: Sequence[Row]) -> list[str]:
    """Return a line on what Persian spelling leaves open."""
    places = sum(undecided(row.normalized) for row in rows if row.language == "fa")
    if not places:
        return []
    return [
        f"{places} places between two Persian words may have an ezafe, which is not written and "
        "not certain; write it (کتابِ خوب) where it is spoken"
    ]


def _warning(what: str, language: str, texts: list[str]) -> str | None:
    if (found := other_language(texts[:SAMPLE], language)) is None:
        return None
    return (
        f"{_MARK}{what} seem to be {found.name}, and data.language is {language}, for example "
        f"{found.example[:80]!r}; set data.language"
    )
