"""What a training's options have to do with one another: none is passed over without a word."""

import inspect
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from hydra.utils import get_object
from omegaconf import DictConfig

from tts.build import MODEL_SECTIONS, model_arguments
from tts.checkpoint import is_vocoder
from tts.config.resume_overrides import own_overrides
from tts.errors import UserError

BEGINNINGS = ("resume", "ckpt_path", "init_from", "distill_from")
HYDRA = {"_target_", "_partial_", "_convert_", "_recursive_", "_args_"}
AVERAGE = "lightning.pytorch.callbacks.EMAWeightAveraging"


def check_options(
    config: DictConfig, plain: dict[str, Any], resuming: bool, overrides: Sequence[str]
) -> None:
    """Raises UserError for options of which one would silence another, and for unknown settings.

    ``plain`` is ``config`` resolved, ``overrides`` what the command line says.
    """
    ways = [name for name in BEGINNINGS if config.get(name)]
    if resuming:  # the run's own are past; what is said now is not
        said = {
            override.partition("=")[0].lstrip("+") for override in own_overrides(list(overrides))
        }
        ways = [name for name in BEGINNINGS if name in said]
    if len(ways) > 1 and ways != ["ckpt_path", "distill_from"]:  # goes on with a student
        raise UserError(f"{' and '.join(ways)}: a training begins in one way; leave one of them")
    averaging = plain["system"].get("averaging", 0)
    if plain["trainer"]["precision"] == "bf16-true":
        if is_vocoder(plain):
            raise UserError(
                "trainer.precision=bf16-true: a vocoder's samples need more; bf16-mixed"
            )
        if averaging:
            raise UserError(
                "trainer.precision=bf16-true: a running average would stand still; bf16-mixed, or "
                "system.averaging=0"
            )
    callbacks = (plain.get("callbacks") or {}).values()
    if averaging and any(entry and entry.get("_target_") == AVERAGE for entry in callbacks):
        raise UserError(
            "callbacks/ema and system.averaging would average twice: system.averaging=0"
        )
    sections = {name: plain[name] for name in ("optimizer", "scheduler", "system", "data")}
    model = plain["model"]
    sections |= {f"model.{name}": model[name] for name in MODEL_SECTIONS if name in model}
    sections["model"] = model_arguments(model)
    for where, section in sections.items():
        for path, key, known in _unknown(section, where):
            raise UserError(
                f"{path}.{key} is no setting of what {path} is now: {', '.join(known) or 'none'}; "
                f"an experiment or an override for another choice set it: ~{path}.{key}"
            )


def _unknown(node: Any, path: str) -> Iterator[tuple[str, str, list[str]]]:
    """Where a target is given what it does not take: its path, the key, what it takes."""
    if not isinstance(node, dict):
        return
    if "_target_" in node:
        target: Any = get_object(node["_target_"])
        target = target.func if isinstance(target, partial) else target
        parameters = inspect.signature(target).parameters.values()
        if all(p.kind != p.VAR_KEYWORD for p in parameters):
            known = [p.name for p in parameters]
            for key in node.keys() - HYDRA - set(known):
                yield path, key, known
    for key, value in node.items():
        yield from _unknown(value, f"{path}.{key}")
