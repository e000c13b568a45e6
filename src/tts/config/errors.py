"""Messages for a config that cannot be composed: the wrong override, near matches, what exists."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf

from tts.config.choices import as_path, choices, elsewhere, groups

NEAR = 3  # near matches listed, at most


def explain(error: BaseException, config_name: str, conf: Path, arguments: Sequence[str]) -> str:
    """Return a line that names the wrong override of ``arguments`` and the valid options."""
    message = " ".join(str(error).split())
    if isinstance(error, OverrideParseException):
        return (
            f"cannot read {error.override!r}: write key=value, and quote a value that has spaces,"
            f" commas or brackets, 'key=\"a, b\"' ({message})"
        )
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _unknown_choice(error.missing_cfg_file, error.options or (), conf) or message
    if match := re.search(r"node `([^`]+)` is not a container", message):
        return _replaced_section(match[1], conf, arguments)
    if match := re.search(r"Could not (?:override|append to config.*?)\s*'([^']+)'", message):
        return _unknown_key(match[1].split("@")[0], config_name, conf, arguments)
    if match := re.search(r"Could not delete from config\. '([^']+)' does not exist", message):
        return _unknown_key(match[1], config_name, conf, arguments)
    if match := re.search(r"Interpolation key 'size\.(\w+)", message):
        return _size_of_others(match[1], conf, arguments)
    # Hydra's own errors for a number or null as a choice
    typed = "Config group override must be" in message or isinstance(error, TypeError)
    if typed and (wrong := _wrong_choice(conf, arguments)):
        return wrong
    if cause := error.__cause__:
        message = f"{message} ({' '.join(str(cause).split())})"
    return message


def _unknown_choice(missing: str, options: Sequence[str], conf: Path) -> str:
    """The message for a choice that a group does not have; "" for a file of no group."""
    # a path, vocoder=voices/x, has slashes too
    group = max((g for g in groups(conf) if missing.startswith(f"{g}/")), key=len, default="")
    choice = missing[len(group) + 1 :]
    # a choice in a list, callbacks=[default,ema], comes without the group's options
    known = options if "/" not in choice else ()
    options = sorted({*known, *choices(conf / group)})
    options = [option for option in options if not option.startswith("_")]
    if not group or not options:
        return ""
    if "/" in choice and (given := as_path(group, choice, conf)):
        return f"{group}={choice}: {group}= takes no path; give one as {given}"
    hint = did_you_mean(choice, options)
    own = "" if hint else "; one of your own package needs trust=PACKAGE"
    return f"{group}={choice} does not exist; {hint}choose from {', '.join(options)}{own}"


def did_you_mean(word: str, options: Iterable[str], cutoff: float = 0.6) -> str:
    """Return ``"did you mean a, b? "`` with the options closest to ``word``; "" for none."""
    options = list(dict.fromkeys(options))
    close = difflib.get_close_matches(word, options, NEAR, cutoff)
    last = word.rpartition(".")[2]  # the right name in the wrong section
    close += [o for o in options if o not in close and o.rpartition(".")[2] == last]
    return f"did you mean {', '.join(close[:NEAR])}? " if close else ""


def _unknown_key(key: str, config_name: str, conf: Path, arguments: Sequence[str]) -> str:
    known = groups(conf)
    if key in known:
        return f"the group {key} does not apply to the other choices: remove {key}="
    if f"~{key}" in arguments and not any(a.partition("=")[0] == key for a in arguments):
        others = [a for a in arguments if a != f"~{key}"]
        if OmegaConf.select(_composed(config_name, conf, others), key, default=0) is None:
            return f"~{key}: {key} has no value that could be removed; leave ~{key} out"
    if "/" in key:
        hint = did_you_mean(key, known)
        return f"there is no config group {key!r}; {hint}choose from {', '.join(known)}"
    others = [a for a in arguments if a.partition("=")[0].lstrip("~+") != key]
    config = _composed(config_name, conf, others)
    if found := elsewhere(key, config_name, conf, arguments):
        return found
    hint = did_you_mean(key, [*_flatten(config, ""), *known], cutoff=0.7)
    parent, siblings = _siblings(config, key)
    where = f"{parent} has" if parent else "the config has"
    listed = f"{where} {', '.join(map(str, siblings))}" if siblings else "--cfg job lists all keys"
    return f"there is no setting {key!r}; {hint}{listed}"


def _size_of_others(wanted: str, conf: Path, arguments: Sequence[str]) -> str:
    """The message for a size without the section ``size.<wanted>`` that the model reads."""
    group = "model/size"
    given = next((a for a in arguments if a.startswith(f"{group}=")), group)
    sizes = [
        choice
        for choice in choices(conf / group)
        if wanted in (yaml.safe_load((conf / group / f"{choice}.yaml").read_text("utf-8")) or {})
    ]
    return f"{given} is a size of other models: choose {group}={'|'.join(sizes)}"


def _wrong_choice(conf: Path, arguments: Sequence[str]) -> str:
    """The message for ``audio=null`` or ``audio=5``: no choice of the group; "" for none such."""
    known = groups(conf)
    for group, _, value in (argument.partition("=") for argument in arguments):
        if group not in known:
            continue
        options = choices(conf / group)
        chosen = value.strip("[]").split(",") if value.startswith("[") else [value]
        if any(choice.strip() not in options for choice in chosen):
            return f"{group}={value} does not exist; choose from {', '.join(options)}"
    return ""


def _replaced_section(section: str, conf: Path, arguments: Sequence[str]) -> str:
    """The message for ``size=small``, which replaces a section that other keys read."""
    given = [a for a in arguments if a.partition("=")[0].lstrip("+") == section]
    named = [group for group in groups(conf) if group.rpartition("/")[2] == section]
    chosen = "".join(f", or choose {g}={'|'.join(choices(conf / g))}" for g in named)
    return (
        f"{' '.join(given) or section}: {section} is a section with keys of its own;"
        f" set one of them, {section}.KEY=VALUE{chosen}"
    )


def _composed(config_name: str, conf: Path, arguments: Sequence[str]) -> DictConfig:
    """The config with the other overrides; empty where it cannot be composed."""
    overrides = [a for a in arguments if "=" in a and not a.startswith("-")]
    under_way = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf), version_base="1.3"):
            return compose(config_name, overrides)
    except HydraException:
        return DictConfig({})
    finally:
        GlobalHydra.instance().hydra = under_way


def _siblings(config: DictConfig, key: str) -> tuple[str, list[object]]:
    """The deepest part of ``key`` that exists and the keys below it."""
    parts = key.split(".")
    for depth in range(len(parts) - 1, 0, -1):
        parent = ".".join(parts[:depth])
        node = OmegaConf.select(config, parent) if config else None
        if isinstance(node, DictConfig):
            return parent, [k for k in node if not str(k).startswith("_")]
    return "", list(config)


def _flatten(config: DictConfig, prefix: str) -> Iterator[str]:
    """The full keys of a config, sections included."""
    for key in config:
        yield f"{prefix}{key!s}"
        child = config._get_node(key)
        if isinstance(child, DictConfig) and not child._is_none() and not child._is_interpolation():
            yield from _flatten(child, f"{prefix}{key!s}.")
