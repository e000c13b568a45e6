"""Checks of a composed config's values: types, ranges, required keys and unknown settings."""

import re
from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tts.config.command_options import COMMANDS, option_types
from tts.config.declared_types import is_node
from tts.config.origin import file_of
from tts.config.part_types import required_by
from tts.config.value_types import UNKNOWN, Fault, faults
from tts.errors import UserError

SHOWN = 3  # faults in a message, at most
LONGEST = 60  # characters of a value in a message


class ConfigValueError(UserError):
    """Values of a config that do not fit; the message names each key and what it expects."""


def check_values(
    command: str, config: DictConfig, overrides: Sequence[str] = (), source: str | None = None
) -> None:
    """Raise ConfigValueError for values of ``conf/<command>.yaml`` that do not fit their types.

    A whole number given for a text (``speaker=1998``) becomes text in ``config``. ``overrides``:
    those that it was composed with; ``source``: the file that the message names, by default the one
    under ``conf/`` that sets the key. A command without declared options passes.
    """
    if command not in COMMANDS:
        return
    types, required = option_types(command)
    plain = _plain(config)
    found = [
        Fault(key, None, _not_given(key), unknown=True) for key in required if key not in plain
    ]
    deleted = {o[1:].partition("=")[0].replace("/", ".") for o in overrides if o.startswith("~")}
    found += _lost(plain, deleted)
    added = {o.lstrip("+").partition("=")[0].partition(".")[0] for o in overrides if o[0] == "+"}
    found += _unread(config, sorted(added - set(types)))
    for key, value in plain.items():
        found += faults(value, types.get(key, Any), key)
    for fault in found:
        if fault.text:
            OmegaConf.update(config, source_key(config, fault.key), str(fault.value))
    messages: dict[str, str] = {}
    for fault in found:
        if not fault.text:
            key = fault.key if fault.unknown else source_key(config, fault.key)
            place = source or file_of(command, key, overrides)
            messages.setdefault(key, _message(fault, key, place))
    if messages:
        different = list(dict.fromkeys(messages.values()))
        shown = different[:SHOWN]
        more = len(different) - len(shown)
        raise ConfigValueError("; ".join(shown) + (f"; and {more} more" if more else ""))


def check_section(config: DictConfig, key: str, where: str | None = None) -> None:
    """Raise ConfigValueError for the values of one section, which names its class.

    ``where``: the file that sets them by default, for the message.
    """
    section = OmegaConf.to_container(OmegaConf.select(config, key), resolve=True)
    found = [fault for fault in faults(section, Any, key) if not fault.text]
    if found:
        messages = dict.fromkeys(_message(f, f.key, where) for f in found[:SHOWN])
        raise ConfigValueError("; ".join(messages))


def _plain(config: DictConfig) -> Any:
    """Return plain data, with UNKNOWN for values that need a running command."""
    try:
        return OmegaConf.to_container(config, resolve=True)
    except (OmegaConfBaseException, ValueError):
        return _resolved(config)  # slower


def _resolved(config: DictConfig | ListConfig) -> Any:

    def value_of(parent: Any, name: Any) -> Any:
        try:
            if OmegaConf.is_missing(parent, name):
                return UNKNOWN
            value = parent[name]
        except OmegaConfBaseException:
            return UNKNOWN
        return _resolved(value) if isinstance(value, DictConfig | ListConfig) else value

    if isinstance(config, ListConfig):
        return [value_of(config, number) for number in range(len(config))]
    return {name: value_of(config, name) for name in config}


def _lost(plain: dict[str, Any], deleted: set[str]) -> list[Fault]:
    """Return the keys that ``~key`` removed from a part that needs them."""
    found = []
    for key in deleted:
        section, _, name = key.rpartition(".")
        node: Any = plain
        for part in section.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        if is_node(node) and name not in node and name in required_by(node):
            found.append(Fault(key, None, _not_given(key), unknown=True))
    return found


def _unread(config: DictConfig, keys: Sequence[str]) -> list[Fault]:
    """Return the keys that are no options and that no other value refers to."""
    if not keys:
        return []
    text = OmegaConf.to_yaml(config, resolve=False)
    unread = [key for key in keys if not re.search(rf"\$\{{{re.escape(key)}[.\[}}]", text)]
    return [
        Fault(key, None, f"{key} is no option, and nothing reads it: remove it", unknown=True)
        for key in unread
    ]


def _not_given(key: str) -> str:
    return f"{key} is not given: add {key}=..."


def source_key(config: DictConfig, key: str) -> str:
    """Return the key that ``key`` reads: ``size.dim`` for ``model.dim: ${size.dim}``."""
    parts = re.findall(r"[^.\[\]]+", key)
    node: Any = config
    for index, part in enumerate(parts):
        name: Any = int(part) if isinstance(node, ListConfig) else part
        try:
            child = node._get_node(name) if node is not None else None
        except OmegaConfBaseException:
            return key
        if child is None or isinstance(child, list):
            return key
        if child._is_interpolation():
            match = re.fullmatch(r"\$\{([\w.]+)\}", str(child._value()))
            if match is None:
                return key
            rest = parts[index + 1 :]
            return source_key(config, ".".join([match[1], *rest]))
        node = child if isinstance(child, DictConfig | ListConfig) else None
    return key


def _message(fault: Fault, key: str, place: str | None) -> str:
    if fault.unknown:
        return fault.expected
    where = f" ({place})" if place else ""
    return f"{key}={shown(fault.value)}: expected {fault.expected}{where}"


def shown(value: object) -> str:
    """Format a value as the command line takes it, text in quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        text = repr(value)
    elif isinstance(value, list):
        text = f"[{','.join(map(shown, value))}]"
    elif isinstance(value, dict):
        text = f"{{{','.join(f'{k}:{shown(v)}' for k, v in value.items())}}}"
    else:
        text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
