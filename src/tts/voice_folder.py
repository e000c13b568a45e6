"""Folder of a voice that a command writes: checked before, and a voice in it kept."""

from pathlib import Path

from tts.checkpoint import VOICE, WEIGHTS, Run
from tts.errors import UserError
from tts.files import move_aside, require_writable
from tts.vocoders.codec_decoder import FOLDER, codec_folder

FILES = (VOICE, WEIGHTS, FOLDER, "README.md", "LICENSE", "NOTICE")


def require_voice_folder(out: Path, run: Run, given: str) -> bool:
    """Check that a voice can be written to ``out``; return whether there is one already.

    ``run``: what it is made of, which the user named ``given``. Raises UserError for the folder of
    ``run`` itself and for one with other files.
    """
    sources = (run.path, Path(given), codec_folder(run.path))
    if out.resolve() in [path.resolve() for path in sources]:
        raise UserError(f"out={out} is the voice that is read, or its codec: give another folder")
    if out.exists() and not out.is_dir():
        raise UserError(f"out={out} is a file; give a folder for the voice")
    require_writable(out, "out=")
    held = holds_voice(out)
    if not held and out.is_dir() and any(out.iterdir()):
        raise UserError(f"out={out} is a folder with other files than a voice; give a new folder")
    return held


def holds_voice(folder: Path) -> bool:
    """Return whether a folder has files of a voice."""
    return any((folder / name).is_file() for name in (VOICE, WEIGHTS))


def set_voice_aside(folder: Path) -> Path | None:
    """Move a voice in ``folder`` to ``previous-<n>`` in it; return where it is now."""
    if not holds_voice(folder):
        return None
    return move_aside(folder, [path for name in FILES if (path := folder / name).exists()])
