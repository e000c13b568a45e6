"""Types of the settings that a section's ``_target_`` takes, from its signature."""

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypedDict

from torch import nn

from tts.config.declared_types import Factory, Part, is_node
from tts.config.foreign_types import foreign_types, given_by_code
from tts.config.instantiate import target_object
from tts.memory import gc_frozen_imports
from tts.parts import MODEL_NAMES

DATA = "tts.data.datamodule.SpeechDataModule.from_config"
LOADED = "tts.vocoders.load.load_vocoder"
DIRECTIVES = {"_target_", "_partial_", "_convert_", "_recursive_", "_args_"}  # Hydra's


class TargetError(ValueError):
    """A ``_target_`` that is not the name of a class or function; the message says what fits."""


class PartType(NamedTuple):
    """What a class or function takes."""

    target: Callable[..., object]
    hints: Mapping[str, Any]  # by parameter; one without annotation has none
    known: tuple[str, ...] | None  # all parameters; None: it takes any
    required: tuple[str, ...]  # those without a default

    @property
    def name(self) -> str:
        return getattr(self.target, "__name__", str(self.target))


def part_type(node: Mapping[str, Any]) -> PartType:
    """Return what the target of ``node`` takes. Raises TargetError for a name without a target."""
    name = node["_target_"]
    if not isinstance(name, str):
        raise TargetError("the full name of a class or function")
    if name == DATA:
        return _data_type(node)
    return _loaded_type(node) if name == LOADED else _part_type(name)


def required_by(node: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parameters without a default of the target of ``node``; none for a wrong name."""
    try:
        return part_type(node).required
    except TargetError:
        return ()


@functools.cache
def _part_type(name: str) -> PartType:
    try:
        with gc_frozen_imports():
            target = target_object(name)
    except Exception as error:  # also those of the user's own modules
        cause = error.__cause__ or error
        reason = f"{type(cause).__name__}: {' '.join(str(cause).split())}"
        raise TargetError(f"the full name of a class or function ({reason})") from error
    if not callable(target):
        raise TargetError("the full name of a class or function")
    hints = {**_annotations(target), **foreign_types(target)}
    try:
        parameters = list(inspect.signature(target).parameters.values())
    except (TypeError, ValueError):  # built in
        return PartType(target, hints, None, ())
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    by_code = given_by_code(target)
    names = tuple(p.name for p in named if p.name not in by_code)
    required = tuple(p.name for p in named if p.default is p.empty)
    # a module without a constructor of its own takes no settings
    bare = getattr(target, "__init__", None) is nn.Module.__init__
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters) and not bare
    return PartType(target, hints, None if takes_any else names, required)


def _annotations(target: Any) -> dict[str, Any]:
    """Return the annotations of a function's or constructor's parameters, as far as they resolve.

    ``functools.partial`` at the top of a module has those of its function.
    """
    target = target.func if isinstance(target, functools.partial) else target
    sources = [target]
    if isinstance(target, type) and not hasattr(target, "_fields"):  # a NamedTuple has its own
        # what a constructor passes on in **more is that of the class it extends
        sources = [
            vars(kind)["__init__"] for kind in target.__mro__[-2::-1] if "__init__" in vars(kind)
        ]
    found: dict[str, Any] = {}
    for source in sources:
        with suppress(Exception):  # names under TYPE_CHECKING
            found |= typing.get_type_hints(source, include_extras=True)
    return found


def _loaded_type(node: Mapping[str, Any]) -> PartType:
    """Return what ``load_vocoder`` takes: settings of the class ``family``, None = the voice's."""
    loader, family = _part_type(LOADED), node.get("family")
    names = [n for n in MODEL_NAMES if n.startswith("tts.vocoders.") and n.endswith(f".{family}")]
    if not names:
        return loader
    made = _part_type(names[0])
    hints = {name: hint | None for name, hint in made.hints.items()}
    known = (
        *(loader.known or ()),
        *(n for n in made.known or () if n not in ("contract", "facts")),
    )
    given = ("path", "family")
    return PartType(loader.target, {**hints, **loader.hints}, (*given, *known), loader.required)


class DataSection(TypedDict):
    """Keys of every ``data`` section, beside those of DataSettings and of the source."""

    source: Factory
    frontend: Part
    contract: Part
    corpora: Sequence[Any] | None


def _data_type(node: Mapping[str, Any]) -> PartType:
    """Return what ``data`` takes, without the import of the datamodule, which takes Lightning."""
    from tts.data.data_settings import DataSettings

    hints: dict[str, Any] = dict(typing.get_type_hints(DataSection, include_extras=True))
    hints |= typing.get_type_hints(DataSettings, include_extras=True)
    known: tuple[str, ...] | None = None
    if is_node(node.get("source")):
        source = part_type(node["source"])
        entry: Any = TypedDict("entry", dict(source.hints))  # type: ignore[misc]
        hints = {**source.hints, **hints, "corpora": Sequence[entry | Part] | None}
        known = None if source.known is None else (*source.known, *hints)
    return PartType(DataSettings, hints, known, ("source", "frontend", "contract"))
