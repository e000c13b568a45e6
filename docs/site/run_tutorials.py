"""Run the commands of the pages marked ``<!-- run -->``: ``python docs/site/run_tutorials.py``.

Each page gets an empty folder, and its commands run there one after the other. Trainings take a few
steps (``--steps``), and ``/data`` holds what espeak-ng speaks: a small corpus ``anna``, a recording
``chapter.mp3`` with its ``chapter.json`` and a ``sentence.wav``. A small ``codec`` takes the
place of ``voices/codec_small``. Prints a line for each command, and the end of its output where it
failed; the status is 1 if one failed.
"""

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import torch

from tts.contract import MelContract
from tts.data.corpora.demo import Demo
from tts.vocoders.mel_rvq import fit_mel_rvq

DOCS = Path(__file__).parents[1]
ROOT = DOCS.parent
BLOCK = re.compile(r"<!-- run -->\n```bash\n(.*?)```", re.S)
CLIPS = 60


def write_corpus(folder: Path) -> None:
    """Write a corpus in LJ Speech's layout."""
    (folder / "wavs").mkdir(parents=True)
    rows = []
    for source in Demo(speakers={"anna": "f1"}, limit=CLIPS).sources():
        assert source.samples is not None
        assert source.sample_rate is not None
        soundfile.write(folder / "wavs" / f"{source.id}.wav", source.samples, source.sample_rate)
        rows.append(f"{source.id}|{source.text}\n")
    (folder / "metadata.csv").write_text("".join(rows), encoding="utf-8")


def write_recording(folder: Path, sentences: int = CLIPS) -> None:
    """Write a recording, the time of each of its characters, and one sentence of it alone."""
    pieces: list[np.ndarray] = []
    characters: list[str] = []
    ends = [0.0]
    for source in Demo(speakers={"anna": "f1"}, limit=sentences).sources():
        assert source.samples is not None
        assert source.sample_rate is not None
        silence = np.zeros(round(0.4 * source.sample_rate), np.float32)
        pieces += [source.samples, silence]
        seconds = len(source.samples) / source.sample_rate
        ends += (ends[-1] + np.linspace(0, seconds, len(source.text) + 1)[1:]).tolist()
        ends.append(ends[-1] + len(silence) / source.sample_rate)
        characters += [*source.text, " "]
    soundfile.write(folder / "chapter.mp3", np.concatenate(pieces), source.sample_rate)
    soundfile.write(folder / "sentence.wav", pieces[0], source.sample_rate)
    timed = {
        "characters": characters,
        "character_start_times_seconds": ends[:-1],
        "character_end_times_seconds": ends[1:],
    }
    (folder / "chapter.json").write_text(json.dumps(timed), encoding="utf-8")


def write_codec(folder: Path) -> None:
    """Write a codec whose codebooks follow random mels: fast, and not good."""
    torch.manual_seed(0)
    mel = MelContract()
    codec = fit_mel_rvq(torch.randn(64, mel.bands) * 2 - 5, mel, codebooks=2, codebook_size=16)
    codec.iterations = 2
    codec.save(folder)


def words_of(command: str, data: Path, steps: int) -> list[str]:
    """Return the process to start: this Python for ``uv run``, a few steps for a training.

    ``data`` takes the place of ``/data``, and its codec that of ``voices/codec_small``.
    """
    command = command.replace("\\\n", " ").replace("/data/", f"{data}/")
    words = shlex.split(command.replace("voices/codec_small", f"{data}/codec"))
    words = words[2:] if words[:2] == ["uv", "run"] else words
    if words[0] == "python":
        words = [sys.executable, *words[1:]]
    else:
        words = [sys.executable, str(ROOT / words[0]), *words[1:]]
    trains = any(word.endswith("train.py") for word in words[:2]) and "--help" not in words
    if trains and not any(word.startswith("resume=") for word in words):
        words = [word for word in words if not word.startswith("trainer.max_steps=")]
        words += [f"trainer.max_steps={steps}", f"trainer.val_check_interval={steps}",
                  "callbacks.validation_metrics=null", "data.workers=0"]  # fmt: skip
    return words


def main() -> int:
    """Run the pages named, or all; return the number of commands that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", nargs="*", help="names of pages, such as own_voice.md")
    parser.add_argument("--steps", type=int, default=3, help="optimizer steps of a training")
    options = parser.parse_args()
    pages = [DOCS / name for name in options.pages] or sorted(DOCS.glob("*.md"))
    failed = total = 0
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with tempfile.TemporaryDirectory() as place:
        write_corpus(Path(place) / "anna")
        write_recording(Path(place))
        write_codec(Path(place) / "codec")
        for page in pages:
            cwd = Path(place) / page.stem
            cwd.mkdir()
            for command in BLOCK.findall(page.read_text(encoding="utf-8")):
                start = time.monotonic()
                done = subprocess.run(
                    words_of(command, Path(place), options.steps),
                    cwd=cwd, env=environment, capture_output=True, text=True,
                )  # fmt: skip
                total += 1
                failed += bool(done.returncode)
                verdict = "FAILED" if done.returncode else "ok"
                shown = " ".join(command.split())[:90]
                print(
                    f"{verdict:6} {time.monotonic() - start:5.0f} s  {page.name}: {shown}",
                    flush=True,
                )
                if done.returncode:
                    print((done.stdout + done.stderr)[-2000:], flush=True)
    print(f"{total - failed} passed, {failed} failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
