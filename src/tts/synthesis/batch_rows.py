"""Rows of a batch: plain lines, or a CSV or JSONL file with a text and how to speak it per row."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tts.bounds import Seed
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.files import read_text
from tts.synthesis.text_lines import read_lines

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson")
NAMES = ("id", "text", "speaker", "language", "reference", "seed")
FIELDS = (*NAMES, *SynthesisControls._fields)
MAX_NAME = 200  # bytes of a file name
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)  # on Windows
_LINE_END = re.compile(r"\r\n|\r|\n")


class Row(NamedTuple):
    """One text of a batch."""

    number: int  # of its line
    text: str = ""
    id: str | None = None  # None: named by its number
    speaker: str | None = None
    language: str | None = None
    reference: str | None = None
    seed: int | None = None
    controls: Mapping[str, object] = {}
    error: str = ""  # why it cannot be spoken

    @property
    def label(self) -> str:
        """Its name in messages."""
        return f"line {self.number}" if self.id is None else f"line {self.number}, id {self.id}"


def read_rows(text: str | None, file: str | None) -> list[Row]:
    """Return the rows of ``text``, of a file, or of standard input.

    A row that is wrong has the reason as its ``error``. Raises UserError for input without text,
    for columns that are not known, and for two rows of one id, before anything is spoken.
    """
    path = Path(file) if file is not None and text is None else None
    if path is None or path.suffix.lower() not in TABLES:
        return [Row(number, line) for number, line in read_lines(text, file)]
    if not path.is_file():
        raise UserError(f"file={path}: there is no such file")
    content = read_text(path)
    is_json = path.suffix.lower() in (".jsonl", ".ndjson")
    tab = path.suffix.lower() == ".tsv"
    found = list(_json_rows(content) if is_json else _csv_rows(content, path, tab))
    rows = [_row(number, values) if not error else Row(number, error=error)
            for number, values, error in found]  # fmt: skip
    if not rows:
        raise UserError(f"file={path} holds no rows; add some")
    _require_different(rows, path)
    return rows


_Read = tuple[int, dict[str, Any], str]  # line, values, error


def _csv_rows(content: str, path: Path, tab: bool) -> Iterator[_Read]:
    lines = csv.reader(
        io.StringIO(content, newline=""), delimiter="\t" if tab else ",", strict=True
    )
    try:
        header = [name.strip() for name in next(lines, [])]
        if "text" not in header:
            raise UserError(f"file={path}: its first line names no column text")
        for name in header:
            if name not in FIELDS:
                raise UserError(
                    f"file={path}: there is no column {name!r}; choose from {', '.join(FIELDS)}"
                )
        if len(set(header)) < len(header):
            raise UserError(f"file={path}: two columns have the same name")
        start = lines.line_num + 1
        for cells in lines:
            if any(cell.strip() for cell in cells):
                reason = _count_error(len(cells), len(header), tab)
                values = {n: c for n, c in zip(header, cells, strict=False) if c.strip()}
                yield start, values, reason
            start = lines.line_num + 1
    except csv.Error as error:
        raise UserError(f"file={path}, line {lines.line_num}: {error}") from error


def _count_error(cells: int, columns: int, tab: bool) -> str:
    """Return what is wrong with the number of a row's cells; "" where nothing is."""
    if cells == columns:
        return ""
    reason = f"it has {cells} cells, the first line {columns}"
    if cells < columns:
        return reason
    return f'{reason}: put a text with a {"tab" if tab else "comma"} in quotes, "Hello, world"'


def _json_rows(content: str) -> Iterator[_Read]:
    for number, line in enumerate(_LINE_END.split(content), start=1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            place = (
                f" at character {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            )
            yield number, {}, f"it is not JSON: {getattr(error, 'msg', 'nested too deeply')}{place}"
            continue
        if not isinstance(values, dict):
            yield number, {}, 'expected an object, such as {"id": "a", "text": "Hello."}'
            continue
        unknown = [name for name in values if name not in FIELDS]
        reason = f"{unknown[0]!r}: choose from {', '.join(FIELDS)}" if unknown else ""
        yield number, {n: v for n, v in values.items() if v is not None}, reason


def _row(number: int, values: Mapping[str, Any]) -> Row:
    name = values.get("id")
    row = Row(number, id=None if name is None else str(name).strip())
    try:
        if row.id is not None:
            _require_safe(row.id)
        for key in ("text", "speaker", "language", "reference"):
            if key in values and not isinstance(values[key], str):
                raise UserError(f"{key}={values[key]!r}: expected text")
        if not values.get("text", "").strip():
            raise UserError("it has no text")
        controls = {n: v for n, v in values.items() if n in SynthesisControls._fields}
        SynthesisControls.parse(controls)
        seed = None if "seed" not in values else _seed(values["seed"])
    except UserError as error:
        return row._replace(error=str(error))
    speaker, language, reference = map(values.get, ("speaker", "language", "reference"))
    return Row(number, values["text"], row.id, speaker, language, reference, seed, controls)


def _seed(value: object) -> int:
    bound = Seed.__metadata__[0]  # type: ignore[attr-defined]
    try:
        number = int(str(value))
    except ValueError as error:
        raise UserError(f"seed={value}: expected {bound.words(True)}") from error
    if not bound.accepts(number):
        raise UserError(f"seed={value}: expected {bound.words(True)}")
    return number


def _require_safe(name: str) -> None:
    """Raise UserError for an id that cannot be a file's name on every system."""
    if (
        not name
        or _UNSAFE.search(name)
        or name[0] == "."
        or name[-1] in ". "
        or len(name.encode("utf-8", "replace")) > MAX_NAME
        or _RESERVED.fullmatch(name)
    ):
        raise UserError(
            f"id={name[:60]!r} cannot be a file's name: use letters, digits, spaces and -_. inside"
        )


def _require_different(rows: Iterable[Row], path: Path) -> None:
    """Raise UserError for two ids of one file name; some systems ignore the case."""
    seen: dict[str, Row] = {}
    for row in rows:
        if row.id is None:
            continue
        if (other := seen.setdefault(row.id.casefold(), row)) is not row:
            raise UserError(
                f"file={path}: lines {other.number} and {row.number} have the id {row.id}, and "
                "each is a file's name: give each row its own"
            )
