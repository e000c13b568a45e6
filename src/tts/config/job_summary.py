"""Summary of a job, ``summary.json``: what it is before the job has trained or was rejected."""

from collections.abc import Sequence
from pathlib import Path

from tts.files import write_json
from tts.plain_data import PlainData

SUMMARY = "summary.json"


def new_summary(overrides: Sequence[str]) -> PlainData:
    """Return the summary of a job with these overrides that has not succeeded yet."""
    return {"status": "failed", "overrides": list(overrides), "metrics": {}}


def record_failure(folder: Path, overrides: Sequence[str], error: str) -> None:
    """Write the summary of a job that failed before it could, for the table of its sweep."""
    if folder.is_dir() and not (folder / SUMMARY).is_file():
        write_json(folder / SUMMARY, new_summary(overrides) | {"seconds": 0.0, "error": error})
