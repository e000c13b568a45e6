"""Object builder for configs from checkpoints, limited to this package's models and torch.

It reads the same ``_target_`` and ``_partial_`` as Hydra, without Hydra, and with one difference: a
checkpoint can come from anywhere, so the names in it cannot import or call arbitrary code.
"""

import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.plain_data import PlainData

Model = TypeVar("Model")
PACKAGES = ("tts.modules.", "tts.models.", "tts.alignment.", "tts.vocoders.")
FUNCTIONS = ("torch.nn.functional.", "torch.nn.")
# sections of ``model`` that its parts and its training read, not its class
MODEL_SECTIONS = ("activation", "positional", "balance", "loss", "monitor")


def build(config: object) -> Any:
    """Return the object that nested dictionaries, lists and values describe.

    A dictionary with ``_target_`` becomes a call of that name, or, with ``_partial_``, a factory.
    Raises UserError for a name outside :data:`PACKAGES` and :data:`FUNCTIONS`.
    """
    if isinstance(config, dict):
        values = {key: build(value) for key, value in config.items() if key not in _RESERVED}
        if "_target_" not in config:
            return values
        target = _locate(config["_target_"])
        if config.get("_partial_", False):
            return functools.partial(target, **values)
        try:
            return target(**values)
        except TypeError as error:
            raise UserError(
                f"the config of {config['_target_']} does not fit it: {error}"
            ) from error
    if isinstance(config, list):
        return [build(value) for value in config]
    return config


def model_arguments(model: Mapping[str, object]) -> PlainData:
    """Return a config's ``model`` without the sections that its class does not take.

    The config of a run has them (:data:`MODEL_SECTIONS`), that of a voice does not.
    """
    return {key: value for key, value in model.items() if key not in MODEL_SECTIONS}


def build_model(factory: Callable[..., Model], facts: CorpusFacts) -> Model:
    """Return the model of ``factory`` for a corpus.

    A constructor declares by its parameters what it is made from: ``facts`` (acoustic models) or
    ``contract`` alone (vocoders).
    """
    parameters = inspect.signature(factory).parameters
    return factory(facts=facts) if "facts" in parameters else factory(contract=facts.contract)


_RESERVED = ("_target_", "_partial_", "_convert_", "_recursive_")


def _locate(name: object) -> Callable[..., object]:
    """Return the class or function called ``name``. Raises UserError for one that is not ours."""
    if not isinstance(name, str) or not name.startswith(PACKAGES + FUNCTIONS):
        raise UserError(
            f"the config names {name!r}, which is not a part of this package: a checkpoint may "
            "only assemble models from tts.modules, tts.models, tts.alignment and tts.vocoders"
        )
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UserError(f"{name} does not exist in this version of the code") from error
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        raise UserError(f"{name} is not a class or a function")
    if not found.__module__.startswith(("tts.", "torch.")):
        raise UserError(f"{name} is not defined there but imported from {found.__module__}")
    return found
