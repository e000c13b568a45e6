"""Rows of a ``metadata.csv``, whatever separates and quotes its fields."""

import csv
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tts.data.corpora.columns import IGNORED, guess_columns, header_columns
from tts.data.corpora.source import CorpusError

SAMPLE = 500  # rows that show which column names the audio files


class Metadata(NamedTuple):
    """Rows with their numbers, counted from 1, and the columns of their fields."""

    rows: list[tuple[int, list[str]]]
    columns: tuple[str, ...]
    origin: str  # of the columns: data.columns, the header, guessed

    def describe(self) -> str:
        """Return the columns with the first row as an example."""
        fields = zip(self.columns, self.rows[0][1], strict=True)
        example = ", ".join(f"{name}={value[:60]!r}" for name, value in fields if name != IGNORED)
        return f"columns {'|'.join(self.columns)} ({self.origin}); for example {example}"


def read_metadata(
    path: Path,
    columns: tuple[str, ...] | None,
    transcribed: bool,
    is_audio: Callable[[str], bool],
) -> Metadata:
    """Read the rows of a file whose fields are separated by ``|``, tabs or commas.

    ``columns``: None takes them from a header, or else guesses them (:mod:`.columns`).
    ``is_audio``: whether an id names an audio file. Raises CorpusError naming the row.
    """
    rows = _split(_read(path), path)
    header = None
    if not is_audio(rows[0][1][0]):
        header = header_columns(rows[0][1], transcribed)
    if header is not None:
        rows = rows[1:]
    if not rows:
        raise CorpusError(f"{path}: no rows in the file; write a row id|text per file in wavs/")
    rows = _same_width(rows, path, columns or header)
    for number, fields in rows:
        if not fields[(columns or header or ("id",)).index("id")]:
            raise CorpusError(
                f"{path}, row {number}: empty id; write the audio file's name without its extension"
            )
    if columns is not None:
        return Metadata(rows, columns, "from data.columns")
    if header is not None:
        return Metadata(rows, header, "from the header")
    values = [fields for _, fields in rows]
    if transcribed and len(values[0]) == 1:
        raise CorpusError(
            f"{path}, row {rows[0][0]}: {values[0][0][:80]!r} has 1 field; write id|text, "
            "id|text|normalized, id|speaker|text or id|speaker|text|normalized"
        )
    _require_ids_first(values[:SAMPLE], is_audio, path)
    try:
        return Metadata(rows, guess_columns(values, transcribed), "guessed")
    except CorpusError as error:
        raise CorpusError(f"{path}, row {rows[0][0]}: {error}") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8"
        ) from error
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror})") from error


def _split(text: str, path: Path) -> list[tuple[int, list[str]]]:
    """Return row numbers with their fields, without quotes of CSV around them."""
    lines = [
        (number, line.rstrip("\r"))
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]
    if not lines:
        raise CorpusError(f"{path}: no rows in the file; write a row id|text per file in wavs/")
    if "\0" in text:
        raise CorpusError(f"{path}: not text, it holds null characters; save the file as UTF-8")
    bars = sum("|" in line for _, line in lines)
    tabs = sum("\t" in line for _, line in lines)
    if 2 * bars > len(lines):
        return _unquoted([(n, [f.strip() for f in line.split("|")]) for n, line in lines], lines)
    if 2 * tabs > len(lines):
        return _unquoted([(n, [f.strip() for f in line.split("\t")]) for n, line in lines], lines)
    comma = [(n, _parse(line, ",")) for n, line in lines]
    if len(comma[0][1]) > 1 and len({len(fields) for _, fields in comma}) == 1:
        return comma
    if not bars and not tabs and all("|" not in line for _, line in lines):
        number, line = lines[0]
        if len(comma[0][1]) > 1:
            raise CorpusError(
                f"{path}, row {number}: {line[:80]!r} has no | between its fields, and rows have "
                "different numbers of commas; write id|text"
            )
    return [(n, [f.strip() for f in line.split("|")]) for n, line in lines]


def _unquoted(
    rows: list[tuple[int, list[str]]], lines: list[tuple[int, str]]
) -> list[tuple[int, list[str]]]:
    """Remove the quotes that CSV writes around every id, or around fields with quotes in them."""
    separator = "|" if any("|" in line for _, line in lines) else "\t"
    if all(line.startswith('"') for _, line in lines[1:] or lines):
        return [(number, _parse(line, separator)) for number, line in lines]
    return [(number, [_unquote(field) for field in fields]) for number, fields in rows]


def _unquote(field: str) -> str:
    """Undo the quoting of ``"He said ""yes"" twice"``; a text in plain quotes stays as it is."""
    inner = field[1:-1]
    quoted = len(field) > 2 and field[0] == field[-1] == '"' and '""' in inner
    return inner.replace('""', '"') if quoted and '"' not in inner.replace('""', "") else field


def _parse(line: str, separator: str) -> list[str]:
    try:
        fields = next(csv.reader([line], delimiter=separator))
    except (csv.Error, StopIteration):
        fields = line.split(separator)
    return [field.strip() for field in fields]


def _same_width(
    rows: list[tuple[int, list[str]]], path: Path, columns: Sequence[str] | None
) -> list[tuple[int, list[str]]]:
    """Return the rows with the number of fields that most have, without additional empty ones.

    Raises CorpusError naming the first row with another number, and how many there are.
    """
    counts = Counter(len(fields) for _, fields in rows)
    width = len(columns) if columns is not None else counts.most_common(1)[0][0]
    if columns is None and width == 1 and len(counts) > 1:
        width = counts.most_common(2)[1][0]
    result, wrong = [], []
    for number, fields in rows:
        while len(fields) > width and not fields[-1]:
            fields = fields[:-1]
        if len(fields) != width:
            wrong.append((number, fields))
        result.append((number, fields))
    if not wrong:
        return result
    number, fields = wrong[0]
    more = f" (and {len(wrong) - 1} more rows)" if len(wrong) > 1 else ""
    if columns is not None:
        raise CorpusError(
            f"{path}, row {number}: {_count(len(fields))}{more}, but the columns are "
            f"{'|'.join(columns)}; give as many fields as columns, or set data.columns"
        )
    raise CorpusError(
        f"{path}, row {number}: {_count(len(fields))}{more}, but "
        f"{len(rows) - len(wrong)} of {len(rows)} rows have {width}; correct it, and remove any | "
        "from the text"
    )


def _count(number: int) -> str:
    return f"{number} field{'s' * (number != 1)}"


def _require_ids_first(
    values: list[list[str]], is_audio: Callable[[str], bool], path: Path
) -> None:
    """Raise CorpusError where another column than the first names the audio files."""
    named = [sum(map(is_audio, column)) for column in zip(*values, strict=True)]
    best = max(range(len(named)), key=named.__getitem__)
    if not named[0] and named[best] > len(values) / 2:
        names = ["id" if number == best else "..." for number in range(len(named))]
        raise CorpusError(
            f"{path}: column {best + 1} names the audio files, not column 1; say which column is "
            f"what, data.columns=[{','.join(names)}]"
        )
