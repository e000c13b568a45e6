"""Train an acoustic model or a vocoder, assembled from config groups.

python train.py                                        the demo corpus, the default model
python train.py data=ljspeech data.root=DIR model/size=base trainer=gpu
python train.py -m model/size=tiny,small model/activation=gelu,swiglu
python train.py resume=outputs/... trainer.max_steps=40000

``python -m tts train`` is the same command.
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> float | None:
    # imported here: --help does without torch
    with gc_frozen_imports():
        from tts.training.run import job

    return job(config)


def main() -> None:
    launch(run, "train", __doc__ or "")


if __name__ == "__main__":
    main()
