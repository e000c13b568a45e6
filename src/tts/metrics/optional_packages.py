"""Optional packages of the metrics: a metric without its package is skipped with one warning."""

import importlib
from types import ModuleType

from tts.errors import UserError
from tts.project_files import install_advice


class MissingPackageError(UserError):
    """A package or a weights file that a metric needs is missing."""


def require_package(name: str, metric: str, extra: str = "metrics") -> ModuleType:
    """Import and return the package ``name``.

    Raises MissingPackageError with the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, OSError, RuntimeError) as error:  # the last two: built for another torch
        reason = " ".join(str(error).split())
        raise MissingPackageError(
            f"{metric} needs the package {name}: run `{install_advice(extra)}` ({reason})"
        ) from error
