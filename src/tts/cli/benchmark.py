"""Measure the speed of this machine: scan, blocks, alignment, training step, synthesis.

The candidates of a comparison are timed alternately, so that ratios hold on a busy machine too.

python -m tts benchmark                                  everything, in some minutes
python -m tts benchmark sections=[step] sizes=[small] model/encoder=transformer
python -m tts benchmark seconds=2 out=benchmark.json     a rough result, and a file
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> None:
    # imported here: --help does without torch
    with gc_frozen_imports():
        from tts.benchmark.run import benchmark

    benchmark(config)


def main() -> None:
    launch(run, "benchmark", __doc__ or "")


if __name__ == "__main__":
    main()
