"""Annotations of configured sections, for what Python's own types do not say."""

import typing
from collections.abc import Callable
from typing import Any, NamedTuple, get_args, get_origin


class Part:
    """Annotation of a section that names by ``_target_`` what is built."""


Factory = Callable[..., object]  # of a section that names with _partial_ what makes a part


class Beside(NamedTuple):
    """Annotation of a part's section with keys that other code reads: their TypedDict.

    Its required keys, and ``also`` of the part's own, cannot be removed.
    """

    declaration: type
    also: tuple[str, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        return (*sorted(self.declaration.__required_keys__), *self.also)  # type: ignore[attr-defined]


def is_node(value: object) -> bool:
    """Return whether ``value`` is a section with a ``_target_``."""
    return isinstance(value, dict) and "_target_" in value


def fields(declaration: type) -> dict[str, Any]:
    """Return the hints of a TypedDict, without its NotRequired."""
    hints = typing.get_type_hints(declaration, include_extras=True)
    return {
        name: get_args(hint)[0] if get_origin(hint) is typing.NotRequired else hint
        for name, hint in hints.items()
    }
