"""Measure what takes time on this machine: scan, blocks, alignment, training step, synthesis.

What is compared is measured in turns, so that the ratios hold on a busy machine too.

python -m tts.cli.benchmark                                  everything: some minutes
python -m tts.cli.benchmark sections=[step] sizes=[small] model/encoder=transformer
python -m tts.cli.benchmark seconds=2 out=benchmark.json     a rough idea, and a file
"""

from typing import Any

from tts.config.launch import launch
from tts.memory import gc_frozen_imports


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    with gc_frozen_imports():
        from tts.benchmark.run import benchmark

    benchmark(config)


if __name__ == "__main__":
    launch(main, "benchmark", __doc__ or "", literal=("out", "sentence"))
