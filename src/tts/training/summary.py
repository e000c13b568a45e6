"""Summary of a run for tables: ``summary.json``, whether the run was done, pruned or failed."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tts.config.job_summary import SUMMARY, new_summary
from tts.files import FileError, write_json
from tts.plain_data import PlainData

__all__ = ["SUMMARY", "summarized"]


@contextmanager
def summarized(folder: Path, overrides: Sequence[str]) -> Iterator[PlainData]:
    """Write a run's summary however it ends; the caller fills in ``metrics`` and ``status``.

    A command that is rejected before its training starts (the caller has not yet set
    ``parameters``) leaves the summary of an earlier training in ``folder`` as it is.
    """
    start = time.monotonic()
    summary = new_summary(overrides)
    try:
        yield summary
    except BaseException as error:
        stopped = isinstance(error, SystemExit | KeyboardInterrupt)
        summary["status"] = "interrupted" if stopped else "failed"
        if not stopped:
            summary["error"] = str(error) or type(error).__name__
        raise
    finally:
        summary["seconds"] = round(time.monotonic() - start, 1)
        if "parameters" in summary or not (folder / SUMMARY).is_file():
            try:
                _write(folder, summary)
            except FileError:
                if summary["status"] != "failed":  # else it would hide why
                    raise


def _write(folder: Path, summary: PlainData) -> None:
    # imported here: readers of summaries need SUMMARY alone, without torch
    from lightning.pytorch.utilities.rank_zero import rank_zero_only

    if getattr(rank_zero_only, "rank", 0) or not folder.is_dir():
        return
    if "parameters" in summary:
        # here, in the first rank alone: reading a GPU's name takes memory on it
        from tts.training.environment import environment

        summary["environment"] = environment()
    write_json(folder / SUMMARY, summary)
