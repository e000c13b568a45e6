"""Make a voice of another house's vocoder checkpoint: HiFi-GAN, BigVGAN or Vocos.

python -m tts.cli.convert file=generator_v1 out=voices/hifigan     (config.json beside it)
python -m tts.cli.convert hub=charactr/vocos-mel-24khz out=voices/vocos_24k
"""

from typing import Any

from tts.config.launch import launch
from tts.memory import gc_frozen_imports


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    with gc_frozen_imports():
        from tts.export.pretrained import convert_checkpoint

    convert_checkpoint(config)


if __name__ == "__main__":
    launch(main, "convert", __doc__ or "", literal=("file", "settings", "hub", "out"))
