"""Files of texts by id: rows of ``id|text`` or ``id|text|normalized text``."""

import csv
from pathlib import Path

from tts.errors import UserError


def read_texts(path: Path, key: str = "text") -> dict[str, str]:
    """Read the texts by id; the third column, where it is filled, replaces the second.

    ``key``: the option that gave ``path``. Raises UserError with the row that is wrong.
    """
    if not path.is_file():
        raise UserError(f"{key}={path}: there is no such file")
    texts: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter="|", quotechar=None), 1):
                if not row:
                    continue
                if len(row) < 2:
                    raise UserError(f"{path}, row {number}: expected id|text")
                texts[Path(row[0]).stem] = row[2] if len(row) > 2 and row[2] else row[1]
    except csv.Error as error:  # a field of more than 128 KiB, a null character
        raise UserError(f"{path}: not rows of id|text ({error})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from error
    if not texts:
        raise UserError(f"{key}={path}: the file is empty")
    return texts
