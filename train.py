"""Train a text-to-speech model, assembled from config groups.

python train.py                                        the demo corpus, the default model
python train.py data=ljspeech data.root=DIR model/size=base trainer=gpu
python train.py -m model/size=tiny,small model/activation=gelu,swiglu
python train.py resume=outputs/... trainer.max_steps=40000
"""

from typing import Any

from tts.config.launch import launch
from tts.memory import gc_frozen_imports


def main(config: Any) -> float | None:
    # here and not at the top: --help is not to wait for torch
    with gc_frozen_imports():
        from tts.training.run import job

    return job(config)


if __name__ == "__main__":
    paths = ("resume", "ckpt_path", "data.root", "data.audio", "data.transcription")
    launch(main, "train", __doc__ or "", literal=paths)
