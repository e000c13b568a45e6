"""Benchmark command: check the options and run the requested sections."""

from collections.abc import Callable
from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tts.benchmark.busy import benchmark_busy
from tts.benchmark.corpus import benchmark_corpus
from tts.benchmark.decoding import benchmark_decoding
from tts.benchmark.machine import benchmark_machine
from tts.benchmark.report import Section, print_section, write_json
from tts.benchmark.scan import benchmark_blocks, benchmark_chunk_sizes, benchmark_scan
from tts.benchmark.server import benchmark_server
from tts.benchmark.startup import benchmark_startup
from tts.benchmark.synthesis import benchmark_synthesis
from tts.benchmark.timing import PairedTimer
from tts.benchmark.training_step import Shape, benchmark_alignment, benchmark_training_step
from tts.benchmark.vocoders import benchmark_vocoders
from tts.benchmark.voices import benchmark_texts, benchmark_voices
from tts.config.compose import CompositionError, compose
from tts.config.hydra_job import task_overrides
from tts.config.trusted_packages import with_trust
from tts.console import console
from tts.device import find_device
from tts.errors import UserError
from tts.files import require_writable
from tts.plain_data import PlainData
from tts.project_files import bundled
from tts.training.precision import choose_precision

BF16 = {"32-true": False, "bf16-mixed": True}  # by precision
LISTS = ("sections", "sizes", "vocoders", "voices", "lengths", "chunks", "steps", "clients")
NEEDED_BY = {  # sections that need a list
    "sizes": {"training_step", "synthesis"},
    "vocoders": {"vocoders"},
    "voices": {"voices", "server"},
    "lengths": {"scan", "block", "chunks", "decoding"},
    "chunks": {"chunks"},
    "steps": {"synthesis"},
    "clients": {"server"},
}
COUNTS = (
    "rounds", "rows", "batch", "tokens", "frames", "width", "lengths", "chunks", "steps", "clients",
)  # fmt: skip


@with_trust
def benchmark(config: DictConfig) -> list[Section]:
    """Run and print the sections, after the rates of the machine; with ``out`` also write JSON.

    Raises UserError for an invalid option.
    """
    _check(config)
    device = find_device(config.device)
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    precision = choose_precision(config.precision, device.type)
    if precision not in BF16:
        raise UserError(f"precision={precision}: choose from auto, {', '.join(BF16)}")
    bf16 = BF16[precision]
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=bf16)
    timer = PairedTimer(config.rounds, config.seconds, device)
    shape = Shape(config.batch, config.tokens, config.frames)
    blocks = (timer, autocast, config.batch, config.width)
    middle_length = sorted(config.lengths)[len(config.lengths) // 2] if config.lengths else 1
    sections: dict[str, Callable[[], Section]] = {
        "scan": lambda: benchmark_scan(*blocks, config.lengths),
        "block": lambda: benchmark_blocks(*blocks, config.lengths),
        "chunks": lambda: benchmark_chunk_sizes(*blocks, middle_length, config.chunks),
        "decoding": lambda: benchmark_decoding(
            timer, autocast, config.tokens, config.width, config.lengths
        ),
        "alignment": lambda: benchmark_alignment(timer, shape),
        "training_step": lambda: benchmark_training_step(timer, bf16, shape, sizes),
        "synthesis": lambda: benchmark_synthesis(
            timer, bf16, config.frames, config.sentence, sizes, config.steps
        ),
        "vocoders": lambda: benchmark_vocoders(timer, bf16, config.frames, trainings),
        "voices": lambda: benchmark_voices(
            config.voices,
            benchmark_texts(config.texts),
            config.wavs and Path(config.wavs),
            config.rounds,
            config.precision,
        ),
        "startup": lambda: benchmark_startup(timer),
        "busy": lambda: benchmark_busy(timer),
        "corpus": lambda: benchmark_corpus(config.rows),
        "server": lambda: benchmark_server(
            config.clients,
            config.seconds,
            [str(bundled(voice)) for voice in config.voices],
            benchmark_texts(config.texts).values(),
        ),
    }
    if unknown := sorted(set(map(str, config.sections)) - set(sections)):
        raise UserError(f"sections={unknown}: choose from {', '.join(sections)}")
    requested = set(config.sections)
    sizes = _configs_by_size(config.sizes) if requested & NEEDED_BY["sizes"] else {}
    trainings = _vocoder_configs(config.vocoders) if "vocoders" in requested else {}

    # wide enough for all rows in a log file
    out = console()
    results = [benchmark_machine(timer)]
    print_section(results[0], out)
    for name in config.sections:
        results.append(sections[name]())
        print_section(results[-1], out)
        if config.out:  # after every section, in case the next one fails
            write_json(results, config.out)
    return results


def _check(config: DictConfig) -> None:
    """Turn single values into lists. Raises UserError for an invalid option."""
    for name in LISTS:
        if not OmegaConf.is_list(config[name]):
            config[name] = [config[name]]
    requested = set(map(str, config.sections))
    for name, needed_by in NEEDED_BY.items():
        if not config[name] and (using := sorted(requested & needed_by)):
            raise UserError(f"{name}=[]: give at least one, or remove {using[0]} from sections=")
    for name in COUNTS:
        values = config[name] if OmegaConf.is_list(config[name]) else [config[name]]
        if not all(type(value) is int and value >= 1 for value in values):
            raise UserError(f"{name}={config[name]} must be integers of at least 1")
    if config.threads is not None and not (type(config.threads) is int and config.threads >= 1):
        raise UserError(f"threads={config.threads} must be an integer of at least 1, or null")
    if type(config.seconds) not in (int, float) or config.seconds <= 0:
        raise UserError(f"seconds={config.seconds} must be a number above 0")
    if config.frames < config.tokens and requested & {"alignment", "training_step"}:
        raise UserError(f"frames={config.frames} must be at least tokens={config.tokens}")
    if requested & NEEDED_BY["voices"]:
        for voice in config.voices:
            if not bundled(str(voice)).exists():
                raise UserError(f"voices={voice}: there is no such voice or run; check the path")
    if config.out is not None:
        if Path(config.out).is_dir():
            raise UserError(f"out={config.out} is a folder: give a .json file")
        require_writable(config.out, "out=")


def _configs_by_size(sizes: list[str]) -> dict[str, PlainData]:
    """Compose the config for every ``model/size``, with all other overrides of the command."""
    overrides = task_overrides()
    kept = [override for override in overrides if not override.startswith("model/size=")]
    configs = {}
    for size in sizes:
        try:
            config = compose("benchmark", [*kept, f"model/size={size}"])
        except (CompositionError, OmegaConfBaseException) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"sizes: the model has no size {size} ({reason})") from error
        configs[size] = OmegaConf.to_container(config, resolve=True)
    return configs  # type: ignore[return-value]


def _vocoder_configs(names: list[str]) -> dict[str, PlainData]:
    """Compose the training config of each vocoder ``family/size``."""
    configs = {}
    for name in names:
        family, _, size = str(name).partition("/")
        try:
            config = compose("train", [f"model={family}", f"model/size={size}", "logger=none"])
            parts = ("model", "audio", "data", "discriminator", "optimizer")
            configs[name] = {part: _plain(config, part) for part in parts}
        except (CompositionError, OmegaConfBaseException) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"vocoders: there is no family/size {name} ({reason})") from error
    return configs


def _plain(config: DictConfig, part: str) -> PlainData:
    return OmegaConf.to_container(config[part], resolve=True)  # type: ignore[return-value]
