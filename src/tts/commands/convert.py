"""Make a voice of another house's vocoder checkpoint: HiFi-GAN, BigVGAN or Vocos.

python -m tts.commands.convert file=generator_v1 out=voices/hifigan     (config.json beside it)
python -m tts.commands.convert hub=charactr/vocos-mel-24khz out=voices/vocos_24k
"""

from typing import Any

from tts.commands.app import launch
from tts.commands.memory import lasting


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    with lasting():
        from tts.commands.conversion import convert_checkpoint

    convert_checkpoint(config)


if __name__ == "__main__":
    launch(main, "convert", __doc__ or "", literal=("file", "settings", "hub", "out"))
