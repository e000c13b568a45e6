"""The sections that were asked for, one after the other."""

from collections.abc import Callable
from typing import Any

import torch
from hydra import compose
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from tts.commands.benchmarks.machine import machine
from tts.commands.benchmarks.report import Section, show, write
from tts.commands.benchmarks.scan import block, chunks, scan
from tts.commands.benchmarks.step import Shape, alignment, step
from tts.commands.benchmarks.synthesis import synthesis
from tts.commands.benchmarks.timing import Stopwatch
from tts.commands.benchmarks.vocoders import vocoders
from tts.commands.precision import choose_precision
from tts.errors import UserError

PRECISIONS = {"32-true": False, "bf16-mixed": True}


def benchmark(config: DictConfig) -> list[Section]:
    """Measure and print; with ``out`` also write JSON. The machine's own rates always come first.

    Raises UserError for a section, a precision or a device that does not exist.
    """
    device = _device(config.device)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    precision = choose_precision(config.precision, device.type)
    if precision not in PRECISIONS:
        raise UserError(f"precision={precision} is none of auto, {', '.join(PRECISIONS)}")
    bf16 = PRECISIONS[precision]
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=bf16)
    watch = Stopwatch(config.rounds, config.seconds, device)
    shape = Shape(config.batch, config.tokens, config.frames)
    blocks = (watch, autocast, config.batch, config.width)
    middle = sorted(config.lengths)[len(config.lengths) // 2]
    sections: dict[str, Callable[[], Section]] = {
        "scan": lambda: scan(*blocks, config.lengths),
        "block": lambda: block(*blocks, config.lengths),
        "chunks": lambda: chunks(*blocks, middle, config.chunks),
        "alignment": lambda: alignment(watch, shape),
        "step": lambda: step(watch, bf16, shape, _by_size(config.sizes)),
        "synthesis": lambda: synthesis(
            watch, bf16, config.frames, config.sentence, _by_size(config.sizes), config.steps
        ),
        "vocoders": lambda: vocoders(watch, bf16, config.frames, _trainings(config.vocoders)),
    }
    if unknown := sorted(set(config.sections) - set(sections)):
        raise UserError(f"sections={unknown} do not exist; choose from {', '.join(sections)}")

    # a log file has room for whole rows too
    console = Console() if Console().is_terminal else Console(width=110)
    found = [machine(watch)]
    show(found[0], console)
    for name in config.sections:
        found.append(sections[name]())
        show(found[-1], console)
    if config.out:
        write(found, config.out)
    return found


def _device(name: str) -> torch.device:
    if str(name).startswith("cuda") and not torch.cuda.is_available():
        raise UserError("device=cuda: torch sees no GPU here; use device=cpu")
    return torch.device(name)


def _by_size(sizes: list[str]) -> dict[str, dict[str, Any]]:
    """The config composed anew for every ``model/size``, with all other overrides as they were."""
    given = HydraConfig.get().overrides.task if HydraConfig.initialized() else []
    kept = [override for override in given if not override.startswith("model/size=")]
    return {
        size: OmegaConf.to_container(  # type: ignore[misc]
            compose("benchmark", [*kept, f"model/size={size}"]), resolve=True
        )
        for size in sizes
    }


def _trainings(names: list[str]) -> dict[str, dict[str, Any]]:
    """The config that ``train.py`` would compose for each ``family/size``."""
    found = {}
    for name in names:
        family, _, size = name.partition("/")
        try:
            config = compose("train", [f"model={family}", f"model/size={size}", "logger=none"])
            parts = ("model", "audio", "data", "discriminators", "loss", "optimizer")
            found[name] = {part: _plain(config, part) for part in parts}
        except (HydraException, OmegaConfBaseException) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"vocoders: {name} is no vocoder and size ({reason})") from error
    return found


def _plain(config: DictConfig, part: str) -> dict[str, Any]:
    return OmegaConf.to_container(config[part], resolve=True)  # type: ignore[return-value]
