"""Columns of a metadata file: their names from a header, or guessed from their values.

A guess is refused where another reading is possible: a speaker column taken for the text costs a
training.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from statistics import median

from tts.data.corpora.source import CorpusError

IGNORED = "_"
COLUMNS = ("id", "speaker", "text", "normalized", IGNORED)
_HEADERS = {
    "id": "id file file_id file_name filename path audio audio_file audio_path wav wav_path clip "
    "name utterance utterance_id utt utt_id",
    "speaker": "speaker speaker_id speaker_name spk spk_id client_id",
    "text": "text transcript transcription sentence raw_text raw_transcription",
    "normalized": "normalized normalised normalized_text normalized_transcription text_normalized "
    "clean_text",
}
_HEADER_NAMES = {word: name for name, words in _HEADERS.items() for word in words.split()}
_LANGUAGE = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
_NUMBER = re.compile(r"[-+]?\d*[.,]?\d+(e[-+]?\d+)?")
_NO_SPEAKERS = frozenset(  # words and numbers of other columns
    ("train", "training", "val", "valid", "validation", "dev", "test", "m", "f", "male", "female",
     "8000", "16000", "22050", "24000", "32000", "44100", "48000")
)  # fmt: skip
_LANGUAGES = """
ar be bg bn bs ca cmn cs cy da de el en eng es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka
kk kn ko ku lt lv mk ml mr ms mt nb nl no pa pl ps pt ro ru si sk sl sq sr sv sw ta te th tr tt uk
ur uz vi yue zh
"""
_CODES = frozenset(_LANGUAGES.split())
_SIMILAR = 0.6  # of letter pairs, for two spellings of one text
_REPEATED = 0.7  # share of different values up to which a column holds labels


def read_columns(names: Sequence[str], transcribed: bool) -> tuple[str, ...]:
    """Check ``data.columns`` and return it with ``_`` for every column that is ignored."""
    columns = tuple(IGNORED if name in (IGNORED, "ignore", "") else str(name) for name in names)
    needed = {"id", "text"} if transcribed else {"id"}
    wrong = sorted(set(columns) - set(COLUMNS)) or sorted(needed - set(columns))
    wrong = wrong or [n for n, count in Counter(columns).items() if count > 1 and n != IGNORED]
    if wrong:
        raise CorpusError(
            f"data.columns=[{','.join(map(str, names))}]: must hold id{' and text' * transcribed} "
            "once, may hold speaker and normalized, and _ for a column to ignore (wrong, missing "
            f"or repeated: {', '.join(wrong)})"
        )
    return columns


def header_columns(fields: Sequence[str], transcribed: bool = True) -> tuple[str, ...] | None:
    """Return the columns that a header row names; None where the row is no header.

    Of two columns of one meaning the first counts. Columns with other names are ignored.
    """
    columns: list[str] = []
    for field in fields:
        word = re.sub(r"[\s-]+", "_", field.strip().strip("\"'").casefold())
        name = _HEADER_NAMES.get(word, IGNORED)
        columns.append(name if name not in columns else IGNORED)
    needed = {"id", "text"} if transcribed else {"id"}
    known = [name for name in columns if name != IGNORED]
    if not needed <= set(columns) or len(known) < 2:
        return None
    return tuple(columns)


def guess_columns(rows: Sequence[Sequence[str]], transcribed: bool = True) -> tuple[str, ...]:
    """Guess the names of the columns from their values; the first is the id.

    Known are ``id|text``, ``id|text|normalized``, ``id|speaker|text`` and
    ``id|speaker|text|normalized``. Raises CorpusError where the values fit none of them or more
    than one, with the columns that they suggest.
    """
    columns = [[row[number] for row in rows] for number in range(len(rows[0]))]
    ids, others = columns[0], columns[1:]
    if not transcribed:
        return _guess_untranscribed(ids, others)
    if len(others) == 1:
        if _is_text(others[0]):
            return ("id", "text")
        raise _doubt(rows, f"column 2 {_describe(others[0])}")
    if len(others) == 2:
        first, second = others
        if not any(second):
            return (*guess_columns([row[:2] for row in rows]), IGNORED)
        if _are_similar(first, second):
            return ("id", "text", "normalized")
        if _is_speaker(first, ids) and _is_text(second):
            return ("id", "speaker", "text")
    if len(others) == 3:
        first, second, third = others
        if not any(third):
            return (*guess_columns([row[:3] for row in rows]), IGNORED)
        if _is_speaker(first, ids) and _are_similar(second, third):
            return ("id", "speaker", "text", "normalized")
    found = ", ".join(f"{n} {_describe(column)}" for n, column in enumerate(others, start=2))
    raise _doubt(rows, f"column {found}")


def _guess_untranscribed(ids: list[str], others: list[list[str]]) -> tuple[str, ...]:
    """Find the speaker alone: texts are ignored."""
    if len(others) == 2 and not any(others[1]) and _are_labels(others[0]):
        return ("id", "speaker", "text")
    labels = [number for number, column in enumerate(others) if _is_speaker(column, ids)]
    texts = [
        n for n, column in enumerate(others) if _is_text(column, strictly=True) or not any(column)
    ]
    if len(labels) + len(texts) == len(others) and len(labels) <= 1:
        names = [IGNORED] * len(others)
        for number in texts[:1]:
            names[number] = "text"
        for number in labels:
            names[number] = "speaker"
        return ("id", *names)
    rows = list(zip(ids, *others, strict=True))
    found = ", ".join(f"{n} {_describe(column)}" for n, column in enumerate(others, start=2))
    raise _doubt(rows, f"column {found}")


def _is_speaker(column: list[str], ids: list[str]) -> bool:
    """Return whether the values are labels that repeat, or that begin the ids."""
    if not _are_labels(column) or _are_language_codes(column):
        return False
    if all(value.casefold() in _NO_SPEAKERS for value in column):
        return False
    different = len(set(column))
    if len(column) == 1 or different <= _REPEATED * len(column):
        return True
    return all(
        name.startswith(value) and name != value for name, value in zip(ids, column, strict=True)
    )


def _are_labels(column: list[str]) -> bool:
    """Return whether all values are names or numbers without a fraction."""
    if _are_numbers(column):
        return all(value.isdigit() for value in column)
    return all(
        value and len(value) <= 40 and len(value.split()) <= 3 and value[-1] not in ".!?…,;:。"
        for value in column
    )


def _is_text(column: list[str], strictly: bool = False) -> bool:
    """Return whether the values are sentences, or at least differ; ``strictly``: sentences."""
    if _are_numbers(column) or not any(column):
        return False
    words = median(len(value.split()) for value in column)
    wide = median(sum(unicodedata.east_asian_width(c) == "W" for c in value) for value in column)
    if words >= 3 or wide >= 4 or median(map(len, column)) > 20:
        return True
    different = len(set(column)) / len(column)
    return not strictly and not _are_language_codes(column) and different > _REPEATED


def _are_numbers(column: list[str]) -> bool:
    return any(column) and all(_NUMBER.fullmatch(value) for value in column if value)


def _are_language_codes(column: list[str]) -> bool:
    codes = all(_LANGUAGE.fullmatch(value) for value in column)
    return codes and all(value.split("-")[0].split("_")[0] in _CODES for value in column)


def _are_similar(first: list[str], second: list[str]) -> bool:
    """Return whether two columns are spellings of the same texts."""
    return median(_similarity(a, b) for a, b in zip(first, second, strict=True)) >= _SIMILAR


def _similarity(first: str, second: str) -> float:
    """Return the Dice coefficient of the letter pairs of two texts."""
    pairs = []
    for text in (first, second):
        letters = "".join(c for c in text.casefold() if c.isalnum())
        pairs.append(Counter(zip(letters, letters[1:] + " ", strict=False)))
    total = sum(pairs[0].values()) + sum(pairs[1].values())
    return 2 * sum((pairs[0] & pairs[1]).values()) / total if total else 0.0


def _describe(column: list[str]) -> str:
    """Describe the values of a column in a few words."""
    different = len(set(column))
    if not any(column):
        return "is empty"
    if _are_language_codes(column):
        return "holds language codes"
    if _are_numbers(column):
        return f"holds numbers ({different} different)"
    if _is_text(column, strictly=True):
        return "holds sentences"
    return f"holds short words ({different} different in {len(column)} rows)"


def _doubt(rows: Sequence[Sequence[str]], found: str) -> CorpusError:
    example = "|".join(value[:40] for value in rows[0])
    suggested = ",".join(_suggest([list(column) for column in zip(*rows, strict=True)]))
    return CorpusError(
        f"{example}: it is not clear what the columns are ({found}); name them, such as "
        f"data.columns=[{suggested}] (_ = ignore)"
    )


def _suggest(columns: list[list[str]]) -> list[str]:
    """Return the likeliest name of every column, for the message."""
    names = ["id"]
    texts: list[list[str]] = []
    for number, column in enumerate(columns[1:], start=1):
        last = number == len(columns) - 1
        if _is_text(column, strictly=True) or (
            "text" not in names and last and not _are_numbers(column)
        ):
            similar = bool(texts) and _are_similar(texts[0], column)
            name = "text" if not texts else "normalized" if similar else IGNORED
            texts.append(column)
        else:
            speaker = _are_labels(column) and not _are_language_codes(column)
            name = "speaker" if speaker else IGNORED
        names.append(name if name not in names else IGNORED)
    if "text" not in names:
        names[-1] = "text"
    return names
