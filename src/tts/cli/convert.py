"""Convert a public checkpoint of a vocoder (HiFi-GAN, BigVGAN, Vocos) or of EnCodec to a voice.

python -m tts convert file=generator_v1 out=voices/hifigan     (config.json in the same folder)
python -m tts convert hub=charactr/vocos-mel-24khz out=voices/vocos_24k
python -m tts convert file=encodec_24khz-d7cc33bc.th bandwidth=6 out=voices/encodec_24k
python -m tts convert hub=facebook/encodec_24khz bandwidth=6 out=voices/encodec_24k
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> None:
    # imported here: --help does without torch
    with gc_frozen_imports():
        from tts.export.pretrained import convert_checkpoint

    convert_checkpoint(config)


def main() -> None:
    launch(run, "convert", __doc__ or "")


if __name__ == "__main__":
    main()
