"""Kill and starve every command for some minutes, and print what was lost (nothing).

python -m tests.stress                        twenty minutes
python -m tests.stress minutes=3 seed=7 only=train,resume

Every attack is one command that a signal ends at a random moment, or that lacks file handles, room
for files, shared memory or a reader of its output. Afterwards no process may be left, every file
must be whole, no traceback may be printed, and the same command must do its work.
"""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
MARK = "TTS_STRESS"  # environment variable by which every process of an attack is found
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
END = 60.0  # seconds that an attacked command may take longer than undisturbed
TINY = (
    "model/size=tiny", "trainer=cpu", "trainer.precision=32-true", "data.limit=24",
    "data.frames_per_batch=1500", "trainer.max_steps=12", "trainer.val_check_interval=6",
    "callbacks.checkpoints.every_n_steps=2", "callbacks.samples=null",
    "callbacks.validation_metrics=null",
)  # fmt: skip


class Task(NamedTuple):
    """A command, what it needs in its folder, and the command that finishes its work."""

    words: Callable[[Path], list[str]]
    again: Callable[[Path], list[str]]  # after an attack


class Outcome(NamedTuple):
    status: int
    errors: str
    left: list[str]  # processes
    late: bool


def tasks(prepared: Path, run: Path) -> dict[str, Task]:
    """Return the commands by name; ``prepared`` and ``run`` are finished ones."""
    corpus = f"data.prepared_dir={prepared}"

    def train(folder: Path) -> list[str]:
        return ["train", *TINY, corpus, f"hydra.run.dir={folder}/run"]

    def resume(folder: Path) -> list[str]:
        return ["train", f"resume={folder}/run"] if (folder / "run").is_dir() else train(folder)

    def start_resumed(folder: Path) -> list[str]:
        shutil.copytree(run, folder / "run", dirs_exist_ok=True)
        return ["train", f"resume={folder}/run", "trainer.max_steps=24"]

    def prepare(folder: Path) -> list[str]:
        return ["prepare", "data=demo", f"data.prepared_dir={folder}/prepared"]

    def evaluate(folder: Path) -> list[str]:
        return ["evaluate", f"run={run}", "utterances=2", f"out={folder}/report"]

    def synthesize(folder: Path) -> list[str]:
        return ["synthesize", "text=Most of the ships had been painted.", f"out={folder}/a.wav"]

    def export(folder: Path) -> list[str]:
        return ["export", f"run={run}", f"out={folder}/voice"]

    def compare(folder: Path) -> list[str]:
        return ["compare", str(run), "--out", f"{folder}/comparison"]

    found = {"train": Task(train, resume), "resume": Task(start_resumed, resume)}
    for command in (prepare, evaluate, synthesize, export, compare):
        found[command.__name__] = Task(command, command)
    return found


def start(words: list[str], mark: str, limits: dict[int, int], out: int) -> subprocess.Popen[bytes]:
    def prepare_child() -> None:
        for kind, limit in limits.items():
            resource.setrlimit(kind, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-m", "tts", *words], cwd=ROOT, stdout=out, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=prepare_child,
        env=os.environ | {MARK: mark},
    )  # fmt: skip


def marked(mark: str) -> list[str]:
    """Return the command lines of the processes that an attack has left (Linux)."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (place / "environ").read_bytes().split(b"\0"):
                found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:90])
        except OSError:
            continue
    return found


def attack(words: list[str], chance: random.Random, seconds: float) -> tuple[str, Outcome]:
    """Run ``words`` under a random attack; return its name and what came of it."""
    mark, limits, out = str(chance.random()), {}, subprocess.DEVNULL
    kind = chance.choice(["signal"] * 6 + ["handles", "file size", "closed pipe", "full output"])
    reader: int | None = None
    if kind == "handles":
        limits = {resource.RLIMIT_NOFILE: chance.randint(12, 80)}
    elif kind == "file size":
        limits = {resource.RLIMIT_FSIZE: chance.choice([0, 1000, 100_000, 1_000_000])}
    elif kind == "closed pipe":
        reader, out = os.pipe()
    elif kind == "full output":
        out = os.open("/dev/full", os.O_WRONLY)
    name = f"{kind} {list(limits.values()) or ''}".strip()
    began = time.monotonic()
    process = start(words, mark, limits, out)
    if reader is not None:
        os.close(reader)
    if out >= 0:
        os.close(out)
    if kind == "signal":
        signum, moment = chance.choice(SIGNALS), chance.uniform(0, 1.1 * seconds)
        group, twice = chance.random() < 0.5, chance.random() < 0.2
        name = f"{signum.name} after {moment:.2f} s{' to all' * group}{', twice' * twice}"
        time.sleep(moment)
        for _ in range(1 + twice):
            if process.poll() is None:
                (os.killpg if group else os.kill)(process.pid, signum)
                time.sleep(0.1)
    try:
        errors = process.communicate(timeout=seconds + END)[1]
        late = False
    except subprocess.TimeoutExpired:
        process.kill()
        errors, late = process.communicate()[1], True
    for _ in range(20):  # the kernel ends children a moment later
        if not (left := marked(mark)):
            break
        time.sleep(0.1)
    del began
    return name, Outcome(process.returncode, errors.decode(errors="replace"), left, late)


def damaged(folder: Path) -> list[str]:
    """Return the files under ``folder`` that cannot be read."""
    import soundfile
    from safetensors import safe_open

    from tts.checkpoint import load_checkpoint

    found = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        try:
            if path.name.startswith("."):
                continue  # unfinished; the next start removes it
            if path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            elif path.suffix == ".jsonl":
                [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            elif path.suffix == ".ckpt":
                load_checkpoint(path)
            elif path.suffix == ".safetensors":
                with safe_open(path, "pt") as file:
                    list(file.keys())
            elif path.suffix == ".wav":
                soundfile.read(path)
        except Exception as error:
            found.append(f"{path}: {error}")
    return found


def finish(words: list[str]) -> str:
    """Run ``words`` undisturbed; return its errors where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tts", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stderr[-2000:] or f"status {done.returncode}"


def faults(task: Task, folder: Path, outcome: Outcome) -> list[str]:
    found = [f"left behind: {each}" for each in outcome.left]
    if outcome.late:
        found.append("did not end")
    if "Traceback" in outcome.errors:
        found.append(f"traceback: {outcome.errors[-1500:]}")
    found += [f"damaged: {each}" for each in damaged(folder)]
    if errors := finish(task.again(folder)):
        found.append(f"cannot go on: {errors}")
    return found


def main() -> None:
    options = dict(word.split("=", 1) for word in sys.argv[1:])
    minutes, seed = (
        float(options.pop("minutes", 20)),
        int(options.pop("seed", time.time_ns() % 999)),
    )
    only = options.pop("only", "")
    if options:
        raise SystemExit(f"error: there is no option {next(iter(options))}; minutes, seed, only")
    chance = random.Random(seed)
    lost = attacks = 0
    with tempfile.TemporaryDirectory(prefix="tts-stress-") as name:
        base = Path(name)
        prepared, run = base / "prepared", base / "run"
        began = time.monotonic()
        if errors := finish(
            ["train", *TINY, f"data.prepared_dir={prepared}", f"hydra.run.dir={run}"]
        ):
            raise SystemExit(errors)
        print(f"seed {seed}; a training takes {time.monotonic() - began:.0f} s", flush=True)
        known = tasks(prepared, run)
        chosen = only.split(",") if only else list(known)
        seconds: dict[str, float] = {}
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            command = chance.choice(chosen)
            task, folder = known[command], base / f"attack-{attacks}"
            folder.mkdir()
            if command not in seconds:
                began = time.monotonic()
                if errors := finish(task.words(folder)):
                    raise SystemExit(errors)
                seconds[command] = time.monotonic() - began
                shutil.rmtree(folder)
                folder.mkdir()
            how, outcome = attack(task.words(folder), chance, seconds[command])
            found = faults(task, folder, outcome)
            attacks, lost = attacks + 1, lost + bool(found)
            print(f"{command}, {how}: status {outcome.status}", *found, sep="\n    ", flush=True)
            shutil.rmtree(folder)
    print(f"{attacks} attacks, {lost} of them with a loss")
    raise SystemExit(1 if lost else 0)


if __name__ == "__main__":
    main()
