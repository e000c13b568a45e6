"""Files of the project that are not Python: configs, voices and commands.

In the repository they lie beside ``src``; in an installed wheel they are inside the package.
"""

import os
from pathlib import Path

from tts.errors import UserError

DISTRIBUTION = "lightning-tts"  # on PyPI; the name tts is another project's
PACKAGE = Path(__file__).parent
REPOSITORY = PACKAGE.parents[1]
IN_REPOSITORY = (REPOSITORY / "conf" / "train.yaml").is_file()
CONF = (REPOSITORY if IN_REPOSITORY else PACKAGE) / "conf"
VOICES = (REPOSITORY if IN_REPOSITORY else PACKAGE) / "voices"


def to_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a run or a voice. Raises UserError for another type and for no text."""
    if not isinstance(path, str | os.PathLike):
        raise UserError(
            f"{path!r:.200} is of type {type(path).__name__}: give the path of a run, a checkpoint "
            "or a voice, as a string or a Path"
        )
    if isinstance(path, str) and not path.strip():
        raise UserError("the path is empty: give the folder of a run or a voice")
    return Path(path)


def bundled(path: str | os.PathLike[str]) -> Path:
    """Return a path as it is, or ``voices/NAME`` of the project where there is none here.

    Raises UserError as :func:`to_path` does.
    """
    path = to_path(path)
    if path.exists() or len(path.parts) != 2 or path.parts[0] != VOICES.name:
        return path
    own = VOICES / path.name
    return own if own.is_dir() else path


def python_words(command: str) -> list[str]:
    """Return what follows ``python`` to run ``train`` or ``synthesize``."""
    if IN_REPOSITORY:
        return [str(REPOSITORY / f"{command}.py")]
    return ["-m", "tts", command]


def install_advice(extra: str) -> str:
    """Return the command that installs an extra and removes nothing."""
    if IN_REPOSITORY:
        return f"uv sync --inexact --extra {extra}"
    return f"pip install '{DISTRIBUTION}[{extra}]'"
