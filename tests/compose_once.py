"""Composition of many configs in one process, with Hydra started once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from tts.config.launch import CONF
from tts.config.resolvers import register_resolvers

Compose = Callable[[str, Sequence[str]], DictConfig]


@contextmanager
def composing() -> Iterator[Compose]:
    """Yield ``compose(command, overrides)``, which a command's start would call."""
    register_resolvers()
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield lambda command, overrides: compose(command, list(overrides))
