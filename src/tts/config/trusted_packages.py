"""Packages that a command's ``trust=`` names."""

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from omegaconf import DictConfig, OmegaConf

from tts.trust import require_package, trusting

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def with_trust(
    task: Callable[Concatenate[DictConfig, Parameters], Result],
) -> Callable[Concatenate[DictConfig, Parameters], Result]:
    """Let ``task(config)`` load runs that name classes of the packages in ``config.trust``.

    The key is that of the command: :mod:`tts.training.resume` never takes it from a run.
    """

    @functools.wraps(task)
    def trusted(
        config: DictConfig, *arguments: Parameters.args, **more: Parameters.kwargs
    ) -> Result:
        named = config.get("trust")
        given = [] if named is None else named if OmegaConf.is_list(named) else [named]
        with trusting([str(name) for name in given]):
            for name in given:
                require_package(str(name))
            return task(config, *arguments, **more)

    return trusted
