"""The sections that were asked for, one after the other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from tts.benchmark.machine import machine
from tts.benchmark.report import Section, show, write
from tts.benchmark.scan import block, chunks, scan
from tts.benchmark.startup import start
from tts.benchmark.synthesis import synthesis
from tts.benchmark.timing import PairedTimer
from tts.benchmark.training_step import Shape, alignment, step
from tts.benchmark.vocoders import vocoders
from tts.config.compose import CompositionError, compose
from tts.config.hydra_job import task_overrides
from tts.device import find_device
from tts.errors import UserError
from tts.training.precision import choose_precision

PRECISIONS = {"32-true": False, "bf16-mixed": True}
LISTS = ("sections", "sizes", "vocoders", "lengths", "chunks", "steps")
NEEDED = {
    "sizes": {"step", "synthesis"},
    "vocoders": {"vocoders"},
    "lengths": {"scan", "block", "chunks"},
    "chunks": {"chunks"},
    "steps": {"synthesis"},
}
COUNTS = ("rounds", "batch", "tokens", "frames", "width", "lengths", "chunks", "steps")


def benchmark(config: DictConfig) -> list[Section]:
    """Measure and print; with ``out`` also write JSON. The machine's own rates always come first.

    Raises UserError for a section, a precision or a device that does not exist.
    """
    _check(config)
    device = find_device(config.device)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    precision = choose_precision(config.precision, device.type)
    if precision not in PRECISIONS:
        raise UserError(f"precision={precision} is none of auto, {', '.join(PRECISIONS)}")
    bf16 = PRECISIONS[precision]
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=bf16)
    watch = PairedTimer(config.rounds, config.seconds, device)
    shape = Shape(config.batch, config.tokens, config.frames)
    blocks = (watch, autocast, config.batch, config.width)
    middle = sorted(config.lengths)[len(config.lengths) // 2] if config.lengths else 1
    sections: dict[str, Callable[[], Section]] = {
        "scan": lambda: scan(*blocks, config.lengths),
        "block": lambda: block(*blocks, config.lengths),
        "chunks": lambda: chunks(*blocks, middle, config.chunks),
        "alignment": lambda: alignment(watch, shape),
        "step": lambda: step(watch, bf16, shape, sizes),
        "synthesis": lambda: synthesis(
            watch, bf16, config.frames, config.sentence, sizes, config.steps
        ),
        "vocoders": lambda: vocoders(watch, bf16, config.frames, trainings),
        "start": lambda: start(watch),
    }
    if unknown := sorted(set(map(str, config.sections)) - set(sections)):
        raise UserError(f"sections={unknown} do not exist; choose from {', '.join(sections)}")
    asked = set(config.sections)
    sizes = _by_size(config.sizes) if asked & {"step", "synthesis"} else {}
    trainings = _trainings(config.vocoders) if "vocoders" in asked else {}

    # a log file has room for whole rows too
    console = Console() if Console().is_terminal else Console(width=110)
    found = [machine(watch)]
    show(found[0], console)
    for name in config.sections:
        found.append(sections[name]())
        show(found[-1], console)
        if config.out:  # what is measured is kept, whatever becomes of the next section
            write(found, config.out)
    return found


def _check(config: DictConfig) -> None:
    """A value where a list belongs becomes one. Raises UserError for what cannot be measured."""
    for name in LISTS:
        if not OmegaConf.is_list(config[name]):
            config[name] = [config[name]]
    asked = set(map(str, config.sections))
    for name, sections in NEEDED.items():
        if not config[name] and asked & sections:
            raise UserError(f"{name}=[]: name one at least, or leave its section out of sections=")
    for name in COUNTS:
        values = config[name] if OmegaConf.is_list(config[name]) else [config[name]]
        if not all(type(value) is int and value >= 1 for value in values):
            raise UserError(f"{name}={config[name]} must be whole numbers of at least 1")
    if config.threads is not None and not (type(config.threads) is int and config.threads >= 1):
        raise UserError(f"threads={config.threads} must be a whole number of at least 1, or null")
    if type(config.seconds) not in (int, float) or config.seconds <= 0:
        raise UserError(f"seconds={config.seconds} must be a number above 0")
    if config.frames < config.tokens and asked & {"alignment", "step"}:
        raise UserError(f"frames={config.frames}: every one of tokens={config.tokens} needs one")
    if config.out is not None:
        try:
            Path(config.out).parent.mkdir(parents=True, exist_ok=True)
            Path(config.out).touch()
        except OSError as error:
            raise UserError(f"out={config.out}: {error.strerror}") from error


def _by_size(sizes: list[str]) -> dict[str, dict[str, Any]]:
    """The config composed anew for every ``model/size``, with all other overrides as they were."""
    kept = [override for override in task_overrides() if not override.startswith("model/size=")]
    found = {}
    for size in sizes:
        try:
            config = compose("benchmark", [*kept, f"model/size={size}"])
        except (CompositionError, OmegaConfBaseException) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"sizes: {size} is no size of this model ({reason})") from error
        found[size] = OmegaConf.to_container(config, resolve=True)
    return found  # type: ignore[return-value]


def _trainings(names: list[str]) -> dict[str, dict[str, Any]]:
    """The config that ``train.py`` would compose for each ``family/size``."""
    found = {}
    for name in names:
        family, _, size = str(name).partition("/")
        try:
            config = compose("train", [f"model={family}", f"model/size={size}", "logger=none"])
            parts = ("model", "audio", "data", "discriminators", "loss", "optimizer")
            found[name] = {part: _plain(config, part) for part in parts}
        except (CompositionError, OmegaConfBaseException) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"vocoders: {name} is no vocoder and size ({reason})") from error
    return found


def _plain(config: DictConfig, part: str) -> dict[str, Any]:
    return OmegaConf.to_container(config[part], resolve=True)  # type: ignore[return-value]
