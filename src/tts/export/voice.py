"""Export of a run as a voice: its weights, its contract and what synthesis needs beside them."""

import inspect
from typing import Any

from omegaconf import DictConfig

from tts.build import build
from tts.checkpoint import Run, is_vocoder, load_run, save_voice
from tts.errors import UserError
from tts.training.warm_start import one_speaker

# settings of a model that its training does not depend on
SPEAKING = ("variance_scale", "pitch_range", "refinements", "magnitude_weight")


def export_voice(config: DictConfig) -> None:
    """Write the voice of ``config.run`` to ``config.out``.

    Raises UserError for a speaker or a setting that the model does not have.
    """
    run = load_run(config.run)
    if is_vocoder(run.config):  # independent of speaker and language
        run = run._replace(facts=None, frontend=None)
    if config.speaker is not None:
        run = one_speaker(run, config.speaker)
    _set(run, {name: config[name] for name in SPEAKING if config[name] is not None})
    about = {"data": config.about, "license": config.license}
    about = {key: value for key, value in about.items() if value is not None}
    save_voice(run, config.out, about, config.half)
    size = sum(value.numel() for value in run.weights.values()) / 1e6
    print(f"{size:.1f} M parameters after {run.step} steps -> {config.out}")


def _set(run: Run, settings: dict[str, Any]) -> None:
    """Change the model's settings. Raises UserError for one it does not have, or a wrong value."""
    model = run.config["model"]
    factory = build(model)
    known = inspect.signature(factory.func).parameters
    for name in settings:
        if name not in known:
            raise UserError(f"{name}: a {factory.func.__name__} has no such setting")
    model.update(settings)
    build(model)(run.facts if "facts" in known else run.contract)  # refuses a wrong value
