"""Files of the project that are not Python: configs, voices and commands.

In the repository they lie beside ``src``; in an installed wheel they are inside the package.
"""

import os
from pathlib import Path

DISTRIBUTION = "lightning-tts"  # on PyPI; the name tts is another project's
PACKAGE = Path(__file__).parent
REPOSITORY = PACKAGE.parents[1]
IN_REPOSITORY = (REPOSITORY / "conf" / "train.yaml").is_file()
CONF = (REPOSITORY if IN_REPOSITORY else PACKAGE) / "conf"
VOICES = (REPOSITORY if IN_REPOSITORY else PACKAGE) / "voices"


def bundled(path: str | os.PathLike[str]) -> Path:
    """Return a path as it is, or ``voices/NAME`` of the project where there is none here."""
    path = Path(path)
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
