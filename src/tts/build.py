"""Object builder for the model configs of runs, checkpoints and voices.

It reads the same ``_target_`` and ``_partial_`` as Hydra, without Hydra, and with one difference: a
checkpoint can come from anywhere, so :mod:`tts.trust` finds the classes that it names.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tts.contract import MelContract
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.parts import MODEL_NAMES
from tts.plain_data import PlainData
from tts.trust import CALL_KEYS, locate, require_trusted

Model = TypeVar("Model")
# sections of ``model`` that its parts and its training read, not its class
MODEL_SECTIONS = ("activation", "positional", "balance", "loss", "monitor")


def build(config: object, where: str = "the config") -> Any:
    """Return the object that nested dictionaries, lists and values describe.

    A dictionary with ``_target_`` becomes a call of that name, or, with ``_partial_``, a factory.
    ``where`` names the config in a message. Raises TrustError, before anything is imported, for a
    name that is neither in :data:`tts.parts.MODEL` nor in a trusted package.
    """
    require_trusted(config, where, MODEL_NAMES)
    return _build(config, where)


def _build(config: object, where: str) -> Any:
    if isinstance(config, dict):
        values = {key: _build(v, where) for key, v in config.items() if key not in CALL_KEYS}
        if "_target_" not in config:
            return values
        target = locate(config["_target_"], where, MODEL_NAMES)
        if config.get("_partial_", False):
            return functools.partial(target, **values)
        try:
            return target(**values)
        except TypeError as error:
            raise UserError(
                f"{where}: the arguments of {config['_target_']} do not fit it: {error}"
            ) from error
    if isinstance(config, list):
        return [_build(value, where) for value in config]
    return config


def model_arguments(model: Mapping[str, object]) -> PlainData:
    """Return a config's ``model`` without the sections that its class does not take.

    The config of a run has them (:data:`MODEL_SECTIONS`), that of a voice does not.
    """
    return {key: value for key, value in model.items() if key not in MODEL_SECTIONS}


def build_model(factory: Callable[..., Model], source: CorpusFacts | MelContract) -> Model:
    """Return the model of ``factory`` for a corpus; a vocoder needs its mel contract alone.

    A constructor declares by its parameters what it is made from: ``facts`` (acoustic models) or a
    contract as its first (vocoders and codecs).
    """
    if takes_facts(factory):
        return factory(facts=source)
    return factory(source.contract if isinstance(source, CorpusFacts) else source)


def takes_facts(factory: Callable[..., object]) -> bool:
    """Return whether ``factory`` makes an acoustic model, from CorpusFacts."""
    return "facts" in inspect.signature(factory).parameters
