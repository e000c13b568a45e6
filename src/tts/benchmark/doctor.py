"""Check of a workplace before a training: environment, memory by model size, data, configs."""

import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch

from tts.benchmark.machine import peak_mib
from tts.benchmark.training_step import Shape, make_step
from tts.config.compose import compose, composing, to_plain
from tts.errors import UserError
from tts.memory import available_memory
from tts.plain_data import PlainData, PlainDataError, read_json
from tts.project_files import CONF, VOICES, install_advice, python_words
from tts.text import espeak
from tts.threads import usable_cpus
from tts.training.environment import environment
from tts.training.model_memory import TRAINED
from tts.training.trial_build import build_on_meta

GIB = 2**30
SIZES = ("tiny", "small", "base", "large")  # of model/size, of the acoustic model
MEASURED = ("tiny", "small", "base")
SHAPE = Shape(8, 80, 750)  # the default batch of 6,000 frames
LEAST_DISK = 5  # GiB
# extra: one of its packages, and what it is for
EXTRAS = {
    "metrics": ("pocketsphinx", "word error rate and MOS predictors while training"),
    "onnx": ("onnxruntime", "voices in ONNX"),
    "server": ("fastapi", "python -m tts serve"),
    "sweep": ("optuna", "sweep=optuna"),
    "hub": ("huggingface_hub", "python -m tts hub"),
    "chinese": ("pypinyin", "Chinese with frontend=multilingual"),
    "japanese": ("pyopenjtalk", "Japanese with frontend=multilingual"),
    "arabic": ("text2tashkeel", "Arabic with frontend=multilingual"),
}


class Finding(NamedTuple):
    """One line of the page."""

    mark: str  # ok, note or problem
    text: str
    help: str = ""  # the command or setting that helps


def doctor(prepared: Path, outputs: Path, sizes: Sequence[str] = MEASURED) -> bool:
    """Print the page of findings; return whether there is no problem.

    ``sizes``: of :data:`SIZES`, those that a training step is tried with.
    """
    sections: dict[str, Callable[[], Iterator[Finding]]] = {
        "environment": _environment,
        "memory": lambda: _memory(sizes),
        "data": lambda: _data(prepared, outputs),
        "configs": _configs,
    }
    problems = 0
    with composing():
        for name, check in sections.items():
            print(f"\n{name}")
            for finding in check():
                problems += finding.mark == "problem"
                print(f"  {finding.mark:8}{finding.text}", flush=True)
                if finding.help:
                    print(f"  {'':8}-> {finding.help}")
    print(f"\n{problems} problem{'' if problems == 1 else 's'}")
    return problems == 0


def _environment() -> Iterator[Finding]:
    found = environment()
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    yield Finding("ok", f"Python {platform.python_version()}, {packages}")
    if torch.cuda.is_available():
        for number, name in enumerate(found["gpus"]):
            free, total = torch.cuda.mem_get_info(number)
            text = f"GPU {number}: {name}, {free / GIB:.0f} of {total / GIB:.0f} GiB free"
            yield Finding("ok" if free > total / 2 else "note", text)
    elif torch.version.cuda:
        text = "torch is built for CUDA, and no GPU is usable"
        yield Finding("note", text, "nvidia-smi shows the driver; trainer=cpu trains without")
    else:
        yield Finding("note", "torch is built for the CPU", "train with trainer=cpu")
    yield Finding("ok", f"{usable_cpus()} CPU cores, {torch.get_num_threads()} threads of torch")
    library = espeak.shared()
    count = sum(map(library.has_dictionary, library.languages))
    yield Finding("ok", f"espeak-ng {library.version}, {count} languages")
    on_disk = shutil.disk_usage(".").free / GIB
    enough = on_disk >= LEAST_DISK
    yield Finding(
        "ok" if enough else "problem",
        f"{on_disk:.0f} GiB free on this disk",
        "" if enough else "free some space: checkpoints and prepared corpora need it",
    )
    missing = [name for name, (package, _) in EXTRAS.items() if find_spec(package) is None]
    for name in missing:
        yield Finding("note", f"without the extra {name}: {EXTRAS[name][1]}", install_advice(name))


def _memory(sizes: Sequence[str]) -> Iterator[Finding]:
    """Take a training step of each size in a new process, and compare it with what is free."""
    cuda = torch.cuda.is_available()
    device = "cuda" if cuda else "cpu"
    available = torch.cuda.mem_get_info()[0] if cuda else available_memory()
    free = float("inf") if available is None else available / GIB
    yield Finding("ok", f"{free:.1f} GiB free on {'the GPU' if cuda else 'this machine'}")
    for size in sizes:
        config, values = _built([f"model/size={size}"])
        text = f"model/size={size}: {values / 1e6:.1f} M parameters"
        if values * TRAINED / GIB > free:
            text += f" need {values * TRAINED / GIB:.1f} GiB without any batch"
            yield Finding("note", text, "choose a smaller model/size")
            continue
        used = peak_mib(make_step, config, SHAPE, device, False) / 1024
        text += f", {used:.1f} GiB in a step of {SHAPE} in fp32"
        fits = used < free
        help_ = "lower data.frames_per_batch, or let tune=batch find the largest"
        yield Finding("ok" if fits else "note", text, "" if fits else help_)


def _built(overrides: Sequence[str]) -> tuple[PlainData, int]:
    """Return the resolved config of a training, and the values that its system holds."""
    config = compose("train", [*overrides, "run_dir=outputs"])
    plain = to_plain(config)
    return plain, sum(p.numel() for p in build_on_meta(config, plain).parameters())


def _data(prepared: Path, outputs: Path) -> Iterator[Finding]:
    folders = sorted(path for path in prepared.glob("*/") if (path / "shards").is_dir())
    if not folders:
        command = "python -m tts prepare data=ljspeech data.root=YOUR_CORPUS"
        yield Finding("note", f"no prepared corpus in {prepared}/", command)
    for folder in folders:
        yield _corpus(folder)
    runs = list(outputs.glob("**/checkpoints"))
    size = sum(file.stat().st_size for run in runs for file in run.glob("*") if file.is_file())
    if runs:
        text = f"{len(runs)} runs in {outputs}/, {size / GIB:.1f} GiB of checkpoints"
        yield Finding("ok", text, f"python -m tts monitor {outputs}/ once=true")
    for name in ("lj", "kathleen"):
        if not (VOICES / name / "weights.safetensors").is_file():
            yield Finding(
                "problem", f"voices/{name} lacks its weights", "git lfs pull, or clone again"
            )


def _corpus(folder: Path) -> Finding:
    try:
        counts = read_json(folder / "corpus.json")["counts"]
        kept, dropped, minutes = counts["kept"], counts["dropped"], counts["minutes"]
    except (OSError, ValueError, LookupError, TypeError, PlainDataError):
        text = f"{folder}: its preparation did not finish"
        return Finding("note", text, "run the same python -m tts prepare again: it continues")
    text = f"{folder}: {kept} utterances, {minutes:.1f} minutes, {dropped} dropped"
    if dropped > 0.05 * max(kept + dropped, 1):
        return Finding("note", text, f"{folder}/report.txt has the reasons")
    return Finding("ok", text)


def _configs() -> Iterator[Finding]:
    """Compose every experiment, and build its model without values."""
    names: Sequence[str | None] = [None, *_experiments()]
    for name in names:
        shown = "the default" if name is None else f"experiment={name}"
        try:
            _, values = _built([] if name is None else [f"experiment={name}"])
        except UserError as error:
            command = " ".join(("python", *python_words("train"), "--help"))
            yield Finding("problem", f"{shown}: {error}", command)
            continue
        yield Finding("ok", f"{shown}: {values / 1e6:.1f} M parameters")


def _experiments() -> list[str]:
    found = (path.stem for path in (CONF / "experiment").glob("*.yaml"))
    return sorted(name for name in found if not name.startswith("_"))
