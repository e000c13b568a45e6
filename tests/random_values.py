"""Nonsense values for random config keys: a command runs, or names the key in one line.

python -m tests.random_values draws=2000 seed=1        (from the repository; an hour of one core)

A draw takes a command, sometimes other choices, one key of its config and a value. What the checks
accept is really run at tiny size in a process of its own, with a time limit; what they reject must
be one line that names the key. Prints every draw that ends otherwise, and a count of each outcome.
"""

import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig

from tests.processes import Command

ROOT = Path(__file__).parents[1]
VALUES = (
    "abc", "''", "null", "nan", "inf", "-inf", "true", "false", "0", "-1", "1", "1.5", "-0.5", "2",
    "1e20", "1e-30", "100000000000000000000", "-7", "[]", "[1,2]", "[abc]", "[[]]", "{}", "{a:1}",
    "{_target_:nowhere.Nothing}", "{_target_:5}", "[null]", "[nan]", "3", "0.5", "'1'", "ja", "~",
)  # fmt: skip
CHOICES: dict[str, tuple[str, ...]] = {  # what a draw may add, before its key
    "train": (
        "", "", "model=vocos", "model=hifigan", "experiment=enhanced", "experiment=experimental",
        "experiment=plateau_breaker", "callbacks=[default,ema]", "scheduler=wsd",
        "callbacks=[default,gradient_clipping_adaptive]", "model/balance=gradnorm",
        "data=ljspeech", "scheduler=cosine_restarts", "model/encoder=conv",
    ),
    "synthesize": ("", "vocoder=griffin_lim"),
    "evaluate": ("", "vocoder=griffin_lim"),
    "export": ("run=voices/lj out=voice",),
    "convert": ("out=voice",),
    "prepare": ("", "data=ljspeech", "data=recording"),
    "benchmark": ("",),
}  # fmt: skip


class Draw(NamedTuple):
    """A command with one key set to nonsense, or removed."""

    command: str
    choices: tuple[str, ...]
    key: str
    value: str  # "~": the key is removed

    @property
    def override(self) -> str:
        return f"~{self.key}" if self.value == "~" else f"{self.key}={self.value}"

    @property
    def words(self) -> str:
        return " ".join((self.command, *self.choices, self.override))


def keys_of(config: DictConfig, prefix: str = "") -> Iterator[str]:
    """Yield every key of a config, sections included."""
    for name in config:
        yield f"{prefix}{name}"
        child = config._get_node(name)
        if isinstance(child, DictConfig) and not child._is_none() and not child._is_interpolation():
            yield from keys_of(child, f"{prefix}{name}.")


def draws(
    count: int, seed: int, compose: Any, options: Mapping[str, tuple[str, ...]] = CHOICES
) -> Iterator[Draw]:
    """Yield ``count`` draws; ``compose(command, overrides)`` returns a config."""
    random_ = random.Random(seed)
    composed: dict[tuple[str, str], list[str]] = {}
    for _ in range(count):
        command = random_.choice(("train", "train", "train", *options))
        choices = random_.choice(options[command])
        if (command, choices) not in composed:
            config = compose(command, choices.split())
            composed[command, choices] = [k for k in keys_of(config) if not k.startswith("hydra")]
        key = random_.choice(composed[command, choices])
        yield Draw(command, tuple(choices.split()), key, random_.choice(VALUES))


def names_key(message: str, key: str) -> bool:
    """Whether a message names the key, its section, or the key that it reads."""
    if key in ("file", "settings", "hub", "run", "wavs") and "no checkpoint" in message:
        return True  # the path itself is named
    last = key.rpartition(".")[2]
    section = key.rpartition(".")[0].rpartition(".")[2]
    return last in message or bool(section and section in message)


TINY = {
    "train": (
        "model/size=tiny trainer.max_steps=2 trainer.val_check_interval=1 data.limit=24 "
        "trainer=cpu data.workers=0 trainer.precision=32-true data.prepare_workers=0"
    ),
    "synthesize": "text=Hello out=hello.wav",
    "evaluate": (
        "run={root}/voices/lj data=demo ~data.speakers.anna ~data.speakers.ben "
        "+data.speakers.lj=f1 data.limit=8 utterances=1 "
        "metrics.whisper=null metrics.distillmos=null"
    ),
    "export": "",
    "convert": "file=nothing.pt",
    "prepare": "data.limit=8",
    "benchmark": "sections=[alignment] rounds=1 seconds=0.01 sizes=[tiny] frames=40 tokens=10",
}


def outcome(draw: Draw, folder: Path, limit: float = 120) -> tuple[str, str]:
    """Run a draw; return "ran", "refused", "timeout" or "wrong", and the end of its errors."""
    tiny = TINY[draw.command].format(root=ROOT).split()
    if "data=ljspeech" in draw.choices or "data=recording" in draw.choices:
        tiny = [word for word in tiny if not word.startswith("data.limit")]
    if draw.command == "train" and not any(c.startswith("model=") for c in draw.choices):
        tiny.append("callbacks.validation_metrics=null")
    words = [*tiny, *(c.replace("voices/", f"{ROOT}/voices/") for c in draw.choices), draw.override]
    done = Command("-m", "tts", draw.command, *words, cwd=folder).done(limit)
    errors = done.stderr.strip()
    if done.returncode == -signal.SIGKILL:
        return "timeout", errors[-300:]
    if done.returncode == 0:
        return "ran", errors
    last = errors.splitlines()[-1:] or [""]
    clean = done.returncode == 2 and "Traceback" not in errors and last[0].startswith("error: ")
    if clean and names_key(last[0], draw.key):
        return "refused", last[0]
    return ("unnamed" if clean else "wrong"), errors[-1500:]


def main() -> None:
    from tests.compose_once import composing

    given = dict(word.split("=", 1) for word in sys.argv[1:])
    counts: Counter[str] = Counter()
    with composing() as compose, tempfile.TemporaryDirectory() as folder:
        todo = list(draws(int(given.get("draws", 2000)), int(given.get("seed", 1)), compose))
        for number, draw in enumerate(todo):
            result, errors = outcome(draw, Path(folder))
            counts[result] += 1
            if result not in ("ran", "refused"):
                print(f"{result}: {draw.words}\n    {errors.replace(chr(10), chr(10) + '    ')}")
            if (number + 1) % 50 == 0:
                print(f"{number + 1} draws: {dict(counts)}", flush=True)
    print(dict(counts))
    sys.exit(1 if counts["wrong"] or counts["timeout"] else 0)


if __name__ == "__main__":
    main()
