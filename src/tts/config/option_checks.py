"""Checks of a training's options: pairs of which one disables the other, and unknown settings."""

import inspect
from collections.abc import Iterator, Sequence
from functools import partial

from omegaconf import DictConfig

from tts.build import MODEL_SECTIONS, model_arguments
from tts.checkpoint import is_vocoder
from tts.config.instantiate import target_object
from tts.config.resume_overrides import own_overrides
from tts.errors import UserError
from tts.plain_data import PlainData

STARTING_POINTS = ("resume", "ckpt_path", "init_from", "distill_from")
HYDRA_KEYS = {"_target_", "_partial_", "_convert_", "_recursive_", "_args_"}
WEIGHT_AVERAGING = "lightning.pytorch.callbacks.EMAWeightAveraging"


def check_options(
    config: DictConfig, plain: PlainData, resuming: bool, overrides: Sequence[str]
) -> None:
    """Raise UserError for options that exclude each other, and for settings that nothing reads.

    ``plain`` is ``config`` resolved; ``overrides`` are those of the command line.
    """
    _check_types(plain)
    given = [name for name in STARTING_POINTS if config.get(name)]
    if resuming:  # those that the run itself started with do not count
        keys = {
            override.partition("=")[0].lstrip("+") for override in own_overrides(list(overrides))
        }
        given = [name for name in STARTING_POINTS if name in keys]
    if len(given) > 1 and given != ["ckpt_path", "distill_from"]:  # a distillation that goes on
        raise UserError(
            f"{' and '.join(given)} are given: use only one of: {', '.join(STARTING_POINTS)}"
        )
    averaging = plain["system"].get("averaging", 0)
    if plain["trainer"]["precision"] == "bf16-true":
        if is_vocoder(plain):
            raise UserError(
                "trainer.precision=bf16-true is too coarse for a vocoder's samples: use bf16-mixed"
            )
        if averaging:
            raise UserError(
                "trainer.precision=bf16-true rounds away the updates of system.averaging: use "
                "bf16-mixed, or system.averaging=0"
            )
    callbacks = (plain.get("callbacks") or {}).values()
    if averaging and any(
        entry and entry.get("_target_") == WEIGHT_AVERAGING for entry in callbacks
    ):
        raise UserError(
            "callbacks.ema and system.averaging would average twice: set system.averaging=0"
        )
    sections = {name: plain[name] for name in ("optimizer", "scheduler", "system", "data")}
    model = plain["model"]
    sections |= {f"model.{name}": model[name] for name in MODEL_SECTIONS if name in model}
    sections["model"] = model_arguments(model)
    for where, section in sections.items():
        for path, key, known in _unknown(section, where):
            raise UserError(
                f"{path}.{key} is not a setting of the chosen {path}, which has "
                f"{', '.join(known) or 'none'}; an experiment or an override for another choice "
                f"set it: remove it with ~{path}.{key}"
            )


def _check_types(plain: PlainData) -> None:
    """Raise UserError for a number that is none, and a section that names no class to build."""
    trainer = plain["trainer"]
    numbers = {"seed": plain["seed"]}
    numbers |= {f"trainer.{key}": trainer[key] for key in ("max_steps", "max_epochs")}
    for key, value in numbers.items():
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise UserError(f"{key}={value} must be a whole number")
    for group in ("callbacks", "logger"):
        sections = plain.get(group) or {}
        complete = [name for name, section in sections.items() if _names_class(section)]
        for name, section in sections.items():
            if section is not None and name not in complete:
                raise UserError(
                    f"{group}.{name} has no _target_, the class to build: add it, or use one of "
                    f"{', '.join(complete)}"
                )


def _names_class(section: object) -> bool:
    return isinstance(section, dict) and "_target_" in section


def _unknown(node: object, path: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield ``(path, key, known keys)`` where a target does not take a key that it is given."""
    if not isinstance(node, dict):
        return
    if "_target_" in node:
        target = target_object(node["_target_"])
        target = target.func if isinstance(target, partial) else target
        parameters = inspect.signature(target).parameters.values()
        if all(p.kind != p.VAR_KEYWORD for p in parameters):
            known = [p.name for p in parameters]
            for key in node.keys() - HYDRA_KEYS - set(known):
                yield path, key, known
    for key, value in node.items():
        yield from _unknown(value, f"{path}.{key}")
