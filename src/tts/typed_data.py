"""Dataclasses from plain data, with every field compared with its annotation."""

import math
import types
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tts.plain_data import PlainDataError, quoted

Value = TypeVar("Value")
EXPECTED = {
    int: "a whole number", float: "a number", str: "text", bool: "true or false",
    types.NoneType: "null",
}  # fmt: skip


def from_plain(made: type[Value], values: object, where: str) -> Value:
    """Return the dataclass ``made`` with the fields that ``values`` holds.

    Lists become tuples, mappings dataclasses. ``where`` names the values in the message. Raises
    PlainDataError naming a field that is missing, unknown or of another type than annotated.
    """
    if not isinstance(values, dict):
        raise PlainDataError(f"{where}: expected a section, not {quoted(values)}")
    hints = get_type_hints(made)
    known = {field.name: field for field in fields(made)}  # type: ignore[arg-type]
    if unknown := [name for name in values if name not in known]:
        raise PlainDataError(
            f"{where}: unknown field {quoted(unknown[0])}; choose from {', '.join(known)}"
        )
    needed = (n for n, f in known.items() if f.default is MISSING and f.default_factory is MISSING)
    if missing := [name for name in needed if name not in values]:
        raise PlainDataError(f"{where}: the field {missing[0]} is missing")
    converted = {
        name: conform(value, hints[name], f"{where}.{name}") for name, value in values.items()
    }
    return made(**converted)


def conform(value: object, hint: Any, where: str) -> Any:
    """Return ``value`` as the annotated type. Raises PlainDataError where it does not fit.

    The types: bool, int, finite float, str, None, Literal, unions, ``tuple[X, ...]`` and
    dataclasses of these; a value that is a dataclass already is kept.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Union or origin is types.UnionType:
        if value is None and types.NoneType in arguments:
            return None
        (hint,) = (argument for argument in arguments if argument is not types.NoneType)
        return conform(value, hint, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise PlainDataError(f"{where}: expected a list, not {quoted(value)}")
        return tuple(conform(v, arguments[0], f"{where}[{i}]") for i, v in enumerate(value))
    if origin is Literal:
        if value not in arguments:
            raise PlainDataError(
                f"{where}: expected {' or '.join(map(str, arguments))}, not {quoted(value)}"
            )
        return value
    if is_dataclass(hint):
        return value if isinstance(value, hint) else from_plain(hint, value, where)  # type: ignore
    whole = type(value) is int
    if hint is float and (whole or (type(value) is float and math.isfinite(value))):
        return value
    if hint is not float and type(value) is hint:
        return value
    raise PlainDataError(f"{where}: expected {EXPECTED[hint]}, not {quoted(value)}")
