"""Packages of an extra that a command needs."""

import importlib.util

from tts.errors import UserError
from tts.project_files import install_advice


def require_packages(command: str, extra: str, *names: str) -> None:
    """Raise UserError with the command that installs ``extra`` where a package is missing."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise UserError(f"{command} needs the package {name}: run `{install_advice(extra)}`")
