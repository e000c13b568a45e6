"""Run the commands of the pages marked ``<!-- run -->``: ``python docs/site/run_tutorials.py``.

Each page gets an empty folder, and its commands run there one after the other. Trainings take a few
steps (``--steps``), and ``/data/anna`` is a small corpus that espeak-ng speaks. Prints a line for
each command, and the end of its output where it failed; the status is 1 if one failed.
"""

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import soundfile

from tts.data.corpora.demo import Demo

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


def words_of(command: str, corpus: Path, steps: int) -> list[str]:
    """Return the process to start: this Python for ``uv run``, a few steps for a training."""
    words = shlex.split(command.replace("\\\n", " ").replace("/data/anna", str(corpus)))
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
        for page in pages:
            cwd = Path(place) / page.stem
            cwd.mkdir()
            for command in BLOCK.findall(page.read_text(encoding="utf-8")):
                start = time.monotonic()
                done = subprocess.run(
                    words_of(command, Path(place) / "anna", options.steps),
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
