"""Config choices of the packages that ``trust=`` names: their folder ``conf`` is searched too."""

import re
from importlib.util import find_spec
from pathlib import Path

from tts.trust import require_package

KEY = "hydra.searchpath"


def trusted_packages(arguments: list[str]) -> list[str]:
    """Return the packages of ``trust=a`` or ``trust=[a,b]`` of a command line."""
    given = [a.partition("=")[2] for a in arguments if a.lstrip("+").startswith("trust=")]
    text = given[-1].strip("'\"[] ") if given else ""
    return [name.strip(" '\"") for name in text.split(",") if text not in ("", "null")]


def search_trusted_packages(arguments: list[str]) -> list[str]:
    """Return ``arguments`` with ``conf`` of the trusted packages in Hydra's search path.

    A search path among the arguments counts alone. Nothing is imported here.
    """
    if any(a.lstrip("+").startswith(f"{KEY}=") for a in arguments):
        return arguments
    names = trusted_packages(arguments)
    for name in names:
        if re.fullmatch(r"\w+(\.\w+)*", name):  # else refused by name later
            require_package(name)
    folders = [folder for name in names for folder in _conf(name)]
    if not folders:
        return arguments
    quoted = ("'file://{}'".format(f.as_posix().replace("'", "\\'")) for f in folders)
    # beside trust=: argparse takes overrides in one piece
    place = next(n for n, a in enumerate(arguments) if a.lstrip("+").startswith("trust="))
    return [*arguments[:place], f"{KEY}=[{','.join(quoted)}]", *arguments[place:]]


def _conf(package: str) -> list[Path]:
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):  # of a name that is not a package's: refused later
        return []
    places = (spec and spec.submodule_search_locations) or ()
    return [Path(place) / "conf" for place in places if (Path(place) / "conf").is_dir()]
