"""Folder of an evaluation's report, in which an earlier report is kept."""

from pathlib import Path

from tts.containment import require_links_inside
from tts.errors import UserError
from tts.files import move_aside, require_writable

WRITTEN = ("report.json", "report.html", "wavs")
VOICE_REPORTS = Path("outputs/evaluation")  # a voice can lie in an installed package


def report_folder(out: str | None, evaluated: Path, is_voice: bool) -> Path:
    """Return the folder of the report: ``out``, by default one in the ``evaluated`` folder.

    The report of a voice goes to a folder of its name in ``outputs/evaluation``. Raises UserError
    where the report could not be written.
    """
    if out:
        folder = Path(out)
    elif is_voice:
        folder = VOICE_REPORTS / evaluated.resolve().name
    else:
        require_links_inside(evaluated, "give out=FOLDER", ["evaluation"])
        folder = evaluated / "evaluation"
    if folder.exists() and not folder.is_dir():
        raise UserError(f"out={folder} is a file: give a folder")
    require_writable(folder, "out=")
    return folder


def set_report_aside(folder: Path) -> Path | None:
    """Move an earlier report in ``folder`` to ``previous-<n>`` in it; return where it is now."""
    earlier = [path for name in WRITTEN if (path := folder / name).exists()]
    return move_aside(folder, earlier) if earlier else None
