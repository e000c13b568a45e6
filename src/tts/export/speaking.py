"""Speaking defaults of a voice: the controls or vocoder settings that it applies by itself."""

import inspect
from collections.abc import Mapping

from tts.checkpoint import Run, is_vocoder
from tts.controls import SynthesisControls
from tts.errors import UserError


def with_speaking(run: Run, settings: Mapping[str, object]) -> Run:
    """Return ``run`` with ``settings`` among its speaking defaults; None leaves one as it is.

    An acoustic model takes :class:`SynthesisControls`, a vocoder its constructor's arguments.
    Raises UserError for a setting that the model does not take, or a value that it rejects.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    if not speaks(run):
        if given:
            raise UserError(f"{next(iter(given))}: {run.describe()} has no such setting")
        return run
    if is_vocoder(run.config):
        made = run.model_class()
        known, kind = set(inspect.signature(made).parameters), f"a {made.__name__}"
    else:
        known, kind = set(SynthesisControls._fields), "an acoustic model"
    if unknown := sorted(given.keys() - known):
        raise UserError(f"{unknown[0]}: {kind} has no such setting")
    speaking = {**run.speaking, **given}
    if is_vocoder(run.config):
        run.build(**speaking)
        return run._replace(speaking=speaking)
    controls = SynthesisControls.parse(speaking)
    if controls.has_per_token():
        raise UserError("a speaking default of a voice is one number: give no list")
    run.build().require_controls(controls)
    return run._replace(speaking=controls.changed())


def speaks(run: Run) -> bool:
    """Return whether a run's model is of a kind that is used when speaking."""
    return not hasattr(run.model_class(), "kind")
