"""Make a voice of a run: what it takes to speak, and nothing else.

python -m tts.cli.export run=outputs/... out=voices/anna
python -m tts.cli.export run=outputs/... out=voices/ben speaker=ben half=true
"""

from typing import Any

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

VOCODER_SETTINGS = ("refinements", "magnitude_weight")


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    with gc_frozen_imports():
        from tts.checkpoint import is_vocoder, load_run, save_voice
        from tts.controls import SynthesisControls
        from tts.export.speaking import with_speaking
        from tts.training.warm_start import one_speaker

    run = load_run(config.run)
    if is_vocoder(run.config):  # it speaks for anybody, in any language
        run = run._replace(facts=None, frontend=None)
    if config.speaker is not None:
        run = one_speaker(run, config.speaker)
    names = (*SynthesisControls._fields, *VOCODER_SETTINGS)
    run = with_speaking(run, {name: config[name] for name in names})
    about = {"data": config.about, "license": config.license}
    about = {key: value for key, value in about.items() if value is not None}
    save_voice(run, config.out, about, config.half)
    size = sum(value.numel() for value in run.weights.values()) / 1e6
    print(f"{size:.1f} M parameters after {run.step} steps -> {config.out}")


if __name__ == "__main__":
    launch(main, "export", __doc__ or "", literal=("run", "out", "about", "license"))
