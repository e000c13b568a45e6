"""Objects from config nodes: the one function that turns a ``_target_`` into an object.

The nodes are those of a config that the user composed, or of a run that :mod:`tts.trust` checked
when it was read. No other module calls Hydra's instantiation (a test says so).
"""

from typing import Any

import hydra.utils
from hydra.errors import InstantiationException
from omegaconf import DictConfig

from tts.plain_data import PlainData

__all__ = ["InstantiationException", "instantiate", "target_class", "target_object"]


def instantiate(node: DictConfig | PlainData | None, **arguments: object) -> Any:
    """Build the object that ``node`` describes; None for None.

    ``arguments`` are added to those of the config. Lists and dictionaries in the config arrive as
    plain ones. Raises InstantiationException where the constructor raises.
    """
    return hydra.utils.instantiate(node, _convert_="all", **arguments)


def target_class(node: DictConfig) -> type[Any]:
    """Return the class that ``node`` names, without building it."""
    return hydra.utils.get_class(node._target_)


def target_object(name: str) -> Any:
    """Return the class or function called ``name``."""
    return hydra.utils.get_object(name)
