"""Comparison of configured values with annotated types: every fault, with its key.

A value is plain data: numbers, text, null, lists, sections. A section with ``_target_`` is compared
with the signature of the class or function that it names.
"""

import difflib
import os
import types
import typing
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from tts.bounds import Bound, Length
from tts.config.declared_types import Beside, Part, fields, is_node
from tts.config.part_types import DIRECTIVES, PartType, TargetError, part_type

MISSING = "???"  # OmegaConf's mark of a value that must be given; reported elsewhere
UNKNOWN = object()  # a value that cannot be resolved outside a command; fits every type
LARGEST = 2**53  # the largest whole number that every library here takes
MANY = 20  # settings that a message does not list
CLASS = "a section that names a class by _target_"
FACTORY = "a section with _target_ and _partial_: true"


class Fault(NamedTuple):
    """A value that does not fit, or a key that is not known."""

    key: str
    value: object
    expected: str  # "a number above 0"
    unknown: bool = False  # the key itself is wrong; ``expected`` explains it
    text: bool = False  # no fault: a whole number that is meant as text, a speaker named 1998


def faults(value: object, hint: Any, key: str) -> Iterator[Fault]:
    """Yield what does not fit ``hint`` in ``value``, depth first."""
    origin = get_origin(hint)
    if value is UNKNOWN or value == MISSING:
        return
    if origin is Annotated:
        yield from _annotated(value, hint, key)
    elif origin is Union or origin is types.UnionType:
        yield from _union(value, get_args(hint), key)
    elif is_node(value):
        yield from _node(value, hint, key)  # type: ignore[arg-type]
    elif (children := _children(value, hint, key)) is not None:
        for child, child_hint, child_key in children:
            yield from faults(child, child_hint, child_key)
    elif type(value) is int and (hint is str or _is_path(hint)):
        yield Fault(key, value, expected(hint), text=True)
    elif not _fits(value, hint):
        yield Fault(key, value, expected(hint))


def expected(hint: Any) -> str:
    """Describe the values that fit ``hint``: "a number above 0 or null"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bounds = [extra for extra in arguments[1:] if isinstance(extra, Bound)]
        if bounds and int in _members(arguments[0]):
            return bounds[0].words(whole=True)
        if bounds:
            return bounds[0].words()
        empty = any(isinstance(extra, Length) for extra in arguments[1:])
        return expected(arguments[0]) + (" that is not empty" if empty else "")
    if origin is Union or origin is types.UnionType:
        return _either(arguments)
    if origin is Literal:
        return ", ".join(str(choice) for choice in arguments)
    if origin is tuple and arguments[-1:] != (...,):
        return f"a list of {len(arguments)} values"
    kind = origin or hint
    simple = {
        bool: "true or false", int: "a whole number", float: "a number", str: "text",
        types.NoneType: "null", None: "null",
    }  # fmt: skip
    if kind in simple:
        return simple[kind]
    if _is_path(kind):
        return "a path"
    if _is_list(kind):
        return f"a list [{_entry(arguments)}, ...]"
    if _is_mapping(kind):
        return f"a section {{KEY: {_entry(arguments[1:])}, ...}}"
    if kind is Callable or kind is typing.Callable:
        return FACTORY
    return CLASS


def _either(members: tuple[Any, ...]) -> str:
    words = list(dict.fromkeys(expected(member) for member in members if _configurable(member)))
    return (", or " if any("," in word for word in words) else " or ").join(words)


def _entry(arguments: tuple[Any, ...]) -> str:
    return expected(arguments[0]) if arguments and arguments[0] is not Any else "value"


def _annotated(value: object, hint: Any, key: str) -> Iterator[Fault]:
    base, *extras = get_args(hint)
    beside = [extra for extra in extras if isinstance(extra, Beside)]
    if beside and is_node(value):
        for name in beside[0].required:
            if name not in value:  # type: ignore[operator]
                reason = f"{key}.{name} is not given: add {key}.{name}=..."
                yield Fault(f"{key}.{name}", None, reason, unknown=True)
        yield from _node(value, base, key, fields(beside[0].declaration))  # type: ignore[arg-type]
        return
    if found := list(faults(value, base, key)):
        for fault in found:  # the range belongs to the description
            yield fault._replace(expected=expected(hint)) if fault.key == key else fault
        return
    for extra in extras:
        if isinstance(extra, Bound):
            entries = value if isinstance(value, list) else [value]
            if not all(extra.accepts(n) for n in entries if isinstance(n, int | float)):
                yield Fault(key, value, expected(hint))
        elif isinstance(extra, Length) and value is not None and len(value) < extra.least:  # type: ignore[arg-type]
            yield Fault(key, value, expected(hint))


def _union(value: object, members: tuple[Any, ...], key: str) -> Iterator[Fault]:
    """Yield the faults of the alternative that is meant; none where one of them fits."""
    found = [list(faults(value, member, key)) for member in members]
    if not all(found):
        return
    if text := [each for each in found if all(fault.text for fault in each)]:
        yield from text[0]
        return
    inner = [each for each in found if all(fault.key != key for fault in each)]
    if inner:  # the container fits, an entry does not
        yield from inner[0]
        return
    yield Fault(key, value, _either(members))


def _node(
    value: dict[str, Any], hint: Any, key: str, beside: Mapping[str, Any] | None = None
) -> Iterator[Fault]:
    """Yield the faults of a section with ``_target_``; ``beside``: types of other code's keys."""
    origin = get_origin(hint) or hint
    either = {get_origin(member) or member for member in _members(hint)} == {Callable, Part}
    factory = origin is Callable
    anything = either or hint in (Any, object) or isinstance(hint, typing.TypeVar)
    whole = not factory and _is_class(origin)  # a finished part
    if not (factory or anything or whole):
        yield Fault(key, value, expected(hint))
        return
    partial = value.get("_partial_", False)
    if not isinstance(partial, bool):
        yield Fault(f"{key}._partial_", partial, "true or false")
        return
    try:
        part = part_type(value)
    except TargetError as error:
        yield Fault(f"{key}._target_", value["_target_"], str(error))
        return
    if factory and not partial and isinstance(part.target, type):
        yield Fault(f"{key}._partial_", partial, "true")
    elif partial and whole and not anything:
        yield Fault(f"{key}._partial_", partial, "false, for a finished part")
    yield from _part_faults(part, value, key, beside or {})


def _part_faults(
    part: PartType, node: Mapping[str, Any], key: str, beside: Mapping[str, Any]
) -> Iterator[Fault]:
    """Yield the faults of the settings of a section; ``beside``: types that other code reads."""
    hints = {**part.hints, **beside}
    for name, value in node.items():
        if name in DIRECTIVES:
            continue
        if part.known is not None and name not in part.known and name not in beside:
            yield Fault(f"{key}.{name}", value, _not_a_setting(key, name, part.known), unknown=True)
        else:
            yield from faults(value, hints.get(name, Any), f"{key}.{name}")
    if not node.get("_partial_", False):
        for name in part.required:
            if name not in node:
                reason = f"{key}.{name} is not given, and {part.name} needs it"
                yield Fault(f"{key}.{name}", None, reason, unknown=True)


def _not_a_setting(key: str, name: str, known: tuple[str, ...]) -> str:
    if len(known) > MANY:
        near = difflib.get_close_matches(name, known, 3)
        which = f"; did you mean {', '.join(near)}?" if near else ";"
    else:
        which = f", which has {', '.join(known) or 'none'};"
    return (
        f"{key}.{name} is not a setting of the chosen {key}{which} an experiment or an override "
        f"for another choice set it: remove it with ~{key}.{name}"
    )


def _children(value: object, hint: Any, key: str) -> list[tuple[object, Any, str]] | None:
    """Return the entries of a list or section with their types; None where it is none of both."""
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if isinstance(value, dict) and typing.is_typeddict(origin):
        hints = fields(origin)
        return [(child, hints.get(name, Any), _join(key, name)) for name, child in value.items()]
    if isinstance(value, dict) and (hint in (Any, object) or _is_mapping(origin)):
        inner = arguments[1] if len(arguments) == 2 else Any
        return [(child, inner, _join(key, name)) for name, child in value.items()]
    if isinstance(value, list):
        hints_of = _entry_hints(origin, arguments, len(value))
        if hint in (Any, object):
            hints_of = [Any] * len(value)
        if hints_of is not None:
            triples = zip(value, hints_of, range(len(value)), strict=True)
            return [(child, inner, f"{key}[{number}]") for child, inner, number in triples]
    return None


def _join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)


def _entry_hints(origin: Any, arguments: tuple[Any, ...], length: int) -> list[Any] | None:
    if origin is tuple and arguments and arguments[-1] is not ...:
        return list(arguments) if len(arguments) == length else None
    if _is_list(origin):
        return [arguments[0] if arguments else Any] * length
    return None


def _fits(value: object, hint: Any) -> bool:
    """Return whether a single value fits a type that has no entries."""
    origin = get_origin(hint) or hint
    if hint in (Any, object) or isinstance(hint, typing.TypeVar):
        return True
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in get_args(hint))
    if origin is None or origin is types.NoneType:
        return value is None
    if origin is bool:
        return isinstance(value, bool)
    if origin is int:
        return type(value) is int and abs(value) <= LARGEST
    if origin is float:
        return type(value) in (int, float)  # a Bound refuses NaN and infinity
    if origin is str:
        return isinstance(value, str)
    return _is_path(origin) and isinstance(value, str)


def _members(hint: Any) -> tuple[Any, ...]:
    union = get_origin(hint) in (Union, types.UnionType)
    return get_args(hint) if union else (hint,)


def _configurable(member: Any) -> bool:
    """Whether a config can give such a value: a tensor comes from code alone."""
    return getattr(get_origin(member) or member, "__name__", "") not in ("Tensor", "Generator")


def _is_path(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, os.PathLike)


def _is_list(kind: Any) -> bool:
    return kind in (list, tuple, Sequence, Collection, Iterable)


def _is_mapping(kind: Any) -> bool:
    return kind in (dict, Mapping, MutableMapping)


def _is_class(kind: Any) -> bool:
    """Whether ``kind`` is the class of a part, and not of plain data."""
    plain = (bool, int, float, str, types.NoneType)
    return (
        isinstance(kind, type)
        and kind not in plain
        and not _is_list(kind)
        and (not _is_mapping(kind) and not _is_path(kind))
    )
