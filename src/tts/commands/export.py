"""Make a voice of a run: what it takes to speak, and nothing else.

python -m tts.commands.export run=outputs/... out=voices/anna
python -m tts.commands.export run=outputs/... out=voices/ben speaker=ben half=true
"""

from typing import Any

from tts.commands.app import launch


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    from tts.checkpoint import is_vocoder, load_run, save_voice
    from tts.commands.start import one_speaker

    run = load_run(config.run)
    if is_vocoder(run.config):  # it speaks for anybody, in any language
        run = run._replace(facts=None, frontend=None)
    if config.speaker is not None:
        run = one_speaker(run, config.speaker)
    about = {"data": config.about, "licence": config.licence}
    about = {key: value for key, value in about.items() if value is not None}
    save_voice(run, config.out, about, config.half)
    size = sum(value.numel() for value in run.weights.values()) / 1e6
    print(f"{size:.1f} M parameters after {run.step} steps -> {config.out}")


if __name__ == "__main__":
    launch(main, "export", __doc__ or "", literal=("run", "out", "about", "licence"))
