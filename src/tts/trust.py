"""Trust in configs from elsewhere: the only place where a name in a file becomes a class.

A run, a voice or a checkpoint is data, whoever made it. :func:`require_trusted` checks its config
before any part of it is imported, built or interpolated. It accepts the parts listed in
:mod:`tts.parts` and those of packages that the user names: ``trust=my_package`` on the command
line, :func:`trusting` in Python. Every command that loads a run goes through it.
"""

import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tts.errors import UserError
from tts.parts import ALL_NAMES
from tts.plain_data import MAX_DEPTH, MAX_VALUES, join, quoted, require_plain, short

# Hydra's keys that choose how a target is called, and nothing else
CALL_KEYS = ("_target_", "_partial_", "_convert_", "_recursive_")
# not packages of a user: naming one would admit far more than a part
NEVER = frozenset({*sys.stdlib_module_names, "tts", "hydra", "omegaconf"})
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
# the only interpolation of a foreign config: another value of it, by its full path
_REFERENCE = re.compile(r"\$\{([\w.]+)\}")
RUN_DIR = "${hydra:runtime.output_dir}"  # of the key run_dir, which every resume sets anew

_packages: ContextVar[frozenset[str]] = ContextVar("trusted_packages", default=frozenset())


class TrustError(UserError):
    """A config from elsewhere that names, calls or evaluates what it may not."""


@contextmanager
def trusting(packages: str | Iterable[str] | None) -> Iterator[None]:
    """Accept the parts of these packages inside the block, as well as those accepted outside.

    Raises TrustError for a name that is not that of a package, and for the standard library.
    """
    names = [packages] if isinstance(packages, str) else list(packages or ())
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise TrustError(f"trust={name!r}: give the name of a package, trust=my_package")
        if name.partition(".")[0] in NEVER or name == "torch":
            raise TrustError(f"trust={name}: give the name of a package of your own")
    token = _packages.set(_packages.get() | frozenset(names))
    try:
        yield
    finally:
        _packages.reset(token)


def require_package(name: str) -> None:
    """Raise TrustError where Python finds no package ``name``; one at the top is not imported."""
    try:
        found = importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):  # of a package above that cannot be imported; __main__
        found = name in sys.modules
    if not found:
        raise TrustError(
            f"trust={name}: there is no such package; run the command in the folder that holds it, "
            "or put that folder on PYTHONPATH"
        )


def require_trusted(
    config: object, where: str, allowed: frozenset[str] = ALL_NAMES, live: bool = False
) -> None:
    """Raise TrustError or PlainDataError unless ``config`` is plain data that may be built.

    Every ``_target_`` must be a literal name: one of ``allowed``, or a part of a trusted package.
    ``live``: the config may refer to its own values, ``${size.dim}``; all other interpolations and
    resolvers are refused. ``where`` names the file in the message. Nothing of a package that is
    not trusted is imported.
    """
    require_plain(config, where)
    stack = [(config, where)]
    while stack:
        node, path = stack.pop()
        if isinstance(node, dict):
            _require_call(node, path, where, allowed)
            stack += [(child, join(path, where, key)) for key, child in node.items()]
            stack += [(key, join(path, where, key)) for key in node]
        elif isinstance(node, list | tuple):
            stack += [(child, f"{path}[{number}]") for number, child in enumerate(node)]
        elif isinstance(node, str) and "${" in node:
            _require_reference(node, path, where, live)
    if live:
        _require_bounded(config, where)


def other_packages(config: object) -> list[str]:
    """Return the packages of the classes that a plain ``config`` names, other than known parts.

    A run with this config can only be loaded by whoever trusts them.
    """
    found: dict[str, None] = {}
    stack = [config]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            name = node.get("_target_")
            if isinstance(name, str) and name not in ALL_NAMES:
                found[name.partition(".")[0]] = None
            stack += node.values()
        elif isinstance(node, list):
            stack += node
    return sorted(found)


def locate(name: object, where: str, allowed: frozenset[str] = ALL_NAMES) -> Any:
    """Import and return the class or function called ``name``, one of ``allowed`` or trusted.

    Raises TrustError for any other name, before it is imported, and for one that does not exist.
    """
    package = _require_name(name, where, allowed)
    assert isinstance(name, str)
    try:
        found = _import(name)
    except Exception as error:  # importing a package of the user can raise anything
        raise TrustError(f"{where}: {name} does not exist here ({short(error)})") from error
    if package is None:
        return found
    # a module of the package can import others, and os.system is no part of it
    defined = f"{getattr(found, '__module__', None)}."
    if not inspect.isroutine(found) and not inspect.isclass(found):
        raise TrustError(f"{where}: {name} is not a class or a function")
    if not defined.startswith(f"{package}."):
        raise TrustError(f"{where}: {name} is not defined in {package} but imported by it")
    return found


def _require_call(
    node: Mapping[Any, object], path: str, where: str, allowed: frozenset[str]
) -> None:
    """Check the keys of one mapping that Hydra would act on."""
    for key in node:
        if isinstance(key, str) and re.fullmatch(r"_[a-z]+_", key) and key not in CALL_KEYS:
            raise TrustError(f"{join(path, where, key)}: is not read from a file; remove it")
    if "_target_" not in node:
        return
    key = join(path, where, "_target_")
    if type(node.get("_partial_", False)) is not bool:
        raise TrustError(f"{join(path, where, '_partial_')}: expected true or false")
    if _require_name(node["_target_"], key, allowed) is not None:
        locate(node["_target_"], key, allowed)


def _require_name(name: object, where: str, allowed: frozenset[str]) -> str | None:
    """Return the trusted package that ``name`` belongs to; None for one of ``allowed``."""
    if isinstance(name, str) and name in allowed:
        return None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise TrustError(f"{where}: {quoted(name)} is not the name of a class")
    for package in _packages.get():
        if name.startswith(f"{package}."):
            return package
    root, hint = name.partition(".")[0], ""
    if root not in NEVER and root != "torch":
        root = short(root)
        hint = f"; if you trust {root} and know where this file comes from, add trust={root}"
    kind = "a part of this project that may stand here" if root == "tts" else "a known part"
    raise TrustError(f"{where}: {short(name)} is not {kind}{hint}")


def _require_reference(text: str, path: str, where: str, live: bool) -> None:
    rest, references = _REFERENCE.subn("", text)
    simple = live and references == 1 and "${" not in rest and "\\" not in text
    if not simple and not (live and path == f"{where}, run_dir" and text == RUN_DIR):
        raise TrustError(
            f"{path}: {quoted(text)} is not evaluated in a file from elsewhere; write its value"
        )


def _require_bounded(config: object, where: str) -> None:
    """Raise TrustError where references form a circle, or multiply the values beyond all use."""
    stack = [(config, 0)]
    visited = 0
    while stack:
        node, depth = stack.pop()
        visited += 1
        if depth > 2 * MAX_DEPTH or visited > MAX_VALUES:
            raise TrustError(f"{where}: its values refer to each other in circles, or too often")
        if isinstance(node, dict):
            stack += [(child, depth + 1) for child in node.values()]
        elif isinstance(node, list):
            stack += [(child, depth + 1) for child in node]
        elif isinstance(node, str) and (match := _REFERENCE.search(node)):
            stack.append((_select(config, match[1]), depth + 1))


def _select(config: object, path: str) -> object:
    """Return the value that ``path`` names, over references too; None where there is none."""
    steps, found = path.split("."), config
    for _ in range(4 * MAX_DEPTH):
        if isinstance(found, str) and (match := _REFERENCE.fullmatch(found)) and steps:
            steps, found = match[1].split(".") + steps, config
        elif not steps:
            return found
        elif isinstance(found, dict):
            found, steps = found.get(steps[0]), steps[1:]
        elif isinstance(found, list) and steps[0].isdecimal() and int(steps[0]) < len(found):
            found, steps = found[int(steps[0])], steps[1:]
        else:
            return None
    return None


def _import(name: str) -> Any:
    """Import the longest prefix of ``name`` that is a module; return the rest's attribute."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:length])
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is not None and not f"{module}.".startswith(f"{error.name}."):
                raise  # an import inside the module
            continue
        for attribute in parts[length:]:
            found = getattr(found, attribute)
        return found
    raise ModuleNotFoundError(name)
