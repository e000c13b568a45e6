"""Make a voice of a run: what it takes to speak, and nothing else.

python -m tts.cli.export run=outputs/... out=voices/anna
python -m tts.cli.export run=outputs/... out=voices/ben speaker=ben half=true
"""

import inspect
from typing import TYPE_CHECKING, Any

from tts.config.launch import launch
from tts.memory import gc_frozen_imports

if TYPE_CHECKING:
    from tts.checkpoint import Run

# settings that training does not depend on
SPEAKING = ("variance_scale", "pitch_range", "refinements", "magnitude_weight")


def main(config: Any) -> None:
    # here and not at the top: --help is not to wait for torch
    with gc_frozen_imports():
        from tts.checkpoint import is_vocoder, load_run, save_voice
        from tts.training.warm_start import one_speaker

    run = load_run(config.run)
    if is_vocoder(run.config):  # it speaks for anybody, in any language
        run = run._replace(facts=None, frontend=None)
    if config.speaker is not None:
        run = one_speaker(run, config.speaker)
    _set(run, {name: config[name] for name in SPEAKING if config[name] is not None})
    about = {"data": config.about, "license": config.license}
    about = {key: value for key, value in about.items() if value is not None}
    save_voice(run, config.out, about, config.half)
    size = sum(value.numel() for value in run.weights.values()) / 1e6
    print(f"{size:.1f} M parameters after {run.step} steps -> {config.out}")


def _set(run: "Run", settings: dict[str, Any]) -> None:
    """Raises UserError for a setting that the model does not have, or a value that it refuses."""
    from tts.build import build, model_arguments
    from tts.errors import UserError

    model = run.config["model"]
    factory = build(model_arguments(model))
    known = inspect.signature(factory.func).parameters
    for name in settings:
        if name not in known:
            raise UserError(f"{name}: a {factory.func.__name__} has no such setting")
    model.update(settings)
    build(model_arguments(model))(run.facts if "facts" in known else run.contract)


if __name__ == "__main__":
    launch(main, "export", __doc__ or "", literal=("run", "out", "about", "license"))
