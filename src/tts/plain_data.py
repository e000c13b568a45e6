"""Plain data: what JSON, YAML and checkpoints hold, read from files that anybody may have written.

Reading executes nothing and is bounded: nesting, the number of values, and the size of a file.
"""

import json
import reprlib
from pathlib import Path
from typing import Any

from tts.errors import UserError

# Dictionaries, lists, strings, numbers and None (in checkpoints also tensors), nested. A recursive
# type would need a check or a cast at every access.
PlainData = dict[str, Any]

MAX_DEPTH = 64  # the deepest config of this project has 14 levels
MAX_VALUES = 200_000
MAX_NUMBER = 2**63
MAX_JSON, MAX_YAML = 2**24, 2**20  # bytes; PyYAML reads 1 MB in seconds


class PlainDataError(UserError):
    """A file, or a value in it, that is not the plain data it should be."""


def require_plain(value: object, where: str) -> None:
    """Raise PlainDataError unless ``value`` is plain data of a reasonable size.

    ``where`` names it in the message. Lists and mappings that contain themselves, or each other
    many times, as they can in a checkpoint, exceed the depth or the number of values.
    """
    stack: list[tuple[object, str, int]] = [(value, where, 0)]
    visited = 0
    while stack:
        node, path, depth = stack.pop()
        visited += 1
        if visited + len(stack) > MAX_VALUES:
            raise PlainDataError(f"{where}: has more than {MAX_VALUES:,} values")
        if depth > MAX_DEPTH:
            raise PlainDataError(f"{where}: is nested more than {MAX_DEPTH} levels deep")
        if type(node) is dict:
            for key, child in node.items():
                if type(key) not in (str, int, float, bool):
                    raise PlainDataError(f"{path}: the key {quoted(key)} is not text")
                stack.append((child, join(path, where, key), depth + 1))
        elif type(node) in (list, tuple):
            stack += [(child, f"{path}[{i}]", depth + 1) for i, child in enumerate(node)]  # type: ignore[arg-type, var-annotated]
        elif type(node) is int:
            if abs(node) >= MAX_NUMBER:
                raise PlainDataError(f"{path}: the number is too large, {node.bit_length():,} bits")
        elif type(node) not in (str, float, bool, type(None)):
            raise PlainDataError(
                f"{path}: expected plain data, not {type(node).__module__}.{type(node).__name__}"
            )


def read_json(path: Path) -> Any:
    """Return the content of a JSON file as bounded plain data. Raises PlainDataError naming it."""
    return parse_json(_read(path, MAX_JSON), path)


def parse_json(text: str, path: Path | str) -> Any:
    """Return JSON as bounded plain data; ``path`` names it in the PlainDataError that it raises."""
    try:
        if len(text) > MAX_JSON:
            raise ValueError(f"more than {MAX_JSON:,} characters")
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise PlainDataError(f"{path} is nested too deeply; copy it again") from error
    except UnicodeEncodeError as error:
        raise PlainDataError(
            f"{path}: half of a surrogate pair ({error.object[error.start]!a}) in a string; write "
            "the file again as UTF-8"
        ) from error
    except ValueError as error:  # also a number of thousands of digits
        raise PlainDataError(f"{path} is not JSON ({short(error)}); copy it again") from error
    require_plain(value, str(path))
    return value


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file as bounded plain data. Raises PlainDataError naming it."""
    import yaml

    return yaml.safe_load(read_yaml_text(path))


def read_yaml_text(path: Path) -> str:
    """Return the text of a YAML file that is safe to parse. Raises PlainDataError naming it.

    Tags and references (``!name``, ``&name``, ``*name``), which no file of this project has, are
    refused: a tag can name a class, and references can multiply a value beyond all memory.
    """
    import yaml

    text = _read(path, MAX_YAML)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise PlainDataError(f"{path} is nested too deeply; copy it again")
            tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
            if tag not in (None, "!") or anchor is not None:
                line = event.start_mark.line + 1 if event.start_mark else "?"
                raise PlainDataError(
                    f"{path}, line {line}: the tag or reference {quoted(tag or anchor)} is not "
                    "read from a file; remove it"
                )
        value = yaml.load(text, Loader=loader)
    except PlainDataError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PlainDataError(f"{path} is not YAML ({short(error)}); copy it again") from error
    require_plain(value, str(path))
    return text


def join(path: str, where: str, key: object) -> str:
    """Return the path of a key below ``path``; ``where`` is the name of the outermost value."""
    return f"{path}, {short(key)}" if path == where else f"{path}.{short(key)}"


def quoted(value: object) -> str:
    """Return ``value`` as Python writes it, shortened, for a message."""
    if isinstance(value, int) and abs(value) >= MAX_NUMBER:
        return f"a number of {value.bit_length():,} bits"
    # containers can be larger than all memory as text
    return short(reprlib.repr(value) if isinstance(value, list | tuple | dict) else repr(value))


def short(value: object) -> str:
    """Return ``value`` as printable text of one line and at most 200 characters, for a message."""
    text = " ".join(str(value).encode("utf-8", "backslashreplace").decode().split())
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:201])
    return text if len(text) <= 200 else f"{text[:200]}..."


def _read(path: Path, most: int) -> str:
    try:
        if path.exists() and not path.is_file():  # a pipe or device need not end
            raise PlainDataError(f"{path} is not a file; copy it again")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise PlainDataError(f"{path} cannot be read ({error.strerror})") from error
    if len(content) > most:
        raise PlainDataError(f"{path} has more than {most:,} bytes; copy it again")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlainDataError(f"{path} is not text; copy it again") from error
