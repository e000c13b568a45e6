"""Export a run as a voice: the weights and settings that synthesis needs.

python -m tts export run=outputs/... out=voices/anna
python -m tts export run=outputs/... out=voices/ben speaker=ben half=true
python -m tts export run=outputs/... format=onnx out=anna.onnx
python -m tts export run=outputs/... format=sherpa_onnx out=anna_sherpa
"""

from typing import TYPE_CHECKING

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from omegaconf import DictConfig


def run(config: "DictConfig") -> None:
    # imported here: --help does without torch
    with gc_frozen_imports():
        from tts.export.voice import export_voice

    export_voice(config)


def main() -> None:
    launch(run, "export", __doc__ or "")


if __name__ == "__main__":
    main()
