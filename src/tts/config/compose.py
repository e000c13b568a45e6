"""Composition of configs inside a running command, and their conversion to plain data."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import hydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import (
    InterpolationResolutionError,
    MissingMandatoryValue,
    OmegaConfBaseException,
)

from tts.config.value_checks import check_values
from tts.errors import UserError
from tts.plain_data import PlainData
from tts.project_files import CONF


class CompositionError(UserError):
    """A config that cannot be composed; the message is the first line of Hydra's reason."""


@contextmanager
def composing() -> Iterator[None]:
    """Make ``conf/`` known to :func:`compose` in a command that Hydra did not start."""
    with hydra.initialize_config_dir(str(CONF), version_base=None):
        yield


def compose(config_name: str, overrides: Sequence[str]) -> DictConfig:
    """Compose ``conf/<config_name>.yaml`` with ``overrides`` and check its values.

    Raises CompositionError, or ConfigValueError for a value that does not fit.
    """
    try:
        config = hydra.compose(config_name, list(overrides))
    except (HydraException, OmegaConfBaseException) as error:
        raise CompositionError(str(error).splitlines()[0]) from error
    check_values(config_name, config, overrides)
    return config


def parse_overrides(overrides: Iterable[str]) -> list[Override]:
    """Parse command-line overrides (``key=value``, ``~key``) by Hydra's grammar."""
    return OverridesParser.create().parse_overrides(list(overrides))


def to_plain(config: DictConfig) -> PlainData:
    """Return ``config`` as resolved plain data. Raises UserError for a value that is missing."""
    try:
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        raise UserError(f"{error.full_key} has no value: add {error.full_key}=...") from error
    except InterpolationResolutionError as error:
        raise UserError(f"{error.full_key}: {str(error).splitlines()[0]}") from error
    assert isinstance(plain, dict)
    return plain  # type: ignore[return-value]
