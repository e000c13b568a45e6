"""Objects from config nodes: the one function that turns a ``_target_`` into an object.

The nodes are those of a config that the user composed, or of a run that :mod:`tts.trust` checked
when it was read. No other module calls Hydra's instantiation (a test says so).
"""

import logging
import re
from typing import Any

import hydra.utils
from hydra.errors import InstantiationException
from omegaconf import DictConfig

from tts.errors import UserError
from tts.plain_data import PlainData

__all__ = ["InstantiationException", "PartError", "instantiate", "target_class", "target_object"]


class PartError(UserError):
    """Settings that a class of another package rejects; ``reason`` is its own message."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


def instantiate(node: DictConfig | PlainData | None, **arguments: object) -> Any:
    """Build the object that ``node`` describes; None for None.

    ``arguments`` are added to those of the config. Lists and dictionaries in the config arrive as
    plain ones. Raises the UserError of a constructor, PartError where one of torch, Lightning or
    Optuna rejects its settings, and InstantiationException where another constructor raises.
    """
    try:
        return hydra.utils.instantiate(node, _convert_="all", **arguments)
    except InstantiationException as error:
        target = re.search(r"(?:call to|locating) target '([\w.]+)'", str(error))
        cause = error.__cause__
        if isinstance(cause, UserError):
            raise cause from error
        if isinstance(cause, Exception) and target and target[1].startswith(FOREIGN):
            key = re.search(r"full_key: (\S+)", str(error))
            reason = " ".join(str(cause).split()).rstrip(".!") or type(cause).__name__
            message = f"{key[1] if key else target[1]}: {target[1]} rejects it: {reason}"
            raise PartError(message, reason) from error
        raise


FOREIGN = ("torch.", "lightning.", "optuna.", "torchmetrics.")


def target_class(node: DictConfig) -> type[Any]:
    """Return the class that ``node`` names, without building it."""
    return hydra.utils.get_class(node._target_)


def target_object(name: str) -> Any:
    """Return the class or function called ``name``. Raises whatever its import raises."""
    log = logging.getLogger("hydra.utils")  # it prints what it raises
    before, log.disabled = log.disabled, True
    try:
        return hydra.utils.get_object(name)
    finally:
        log.disabled = before
