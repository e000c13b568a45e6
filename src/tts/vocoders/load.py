"""Vocoder loading from a training run, a checkpoint or a voice, and the default vocoder."""

import logging
import os

from tts.checkpoint import CheckpointError, is_vocoder, load_run
from tts.contract import ContractError, MelContract
from tts.errors import naming_key
from tts.project_files import VOICES
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.vocoder import Vocoder

BUNDLED = VOICES / "vocos_medium"  # for any speaker
log = logging.getLogger(__name__)


def default_vocoder(contract: MelContract) -> Vocoder:
    """Return the vocoder that ships with the project, or Griffin-Lim for another mel.

    Logs, on fallback to Griffin-Lim, the contract's fields that differ.
    """
    if not BUNDLED.is_dir():
        log.warning("speaking with Griffin-Lim: there is no %s", BUNDLED)
        return GriffinLim(contract)
    try:
        return load_vocoder(contract, BUNDLED, None)
    except ContractError as error:
        log.warning("speaking with Griffin-Lim: %s", error)
        return GriffinLim(contract)


def load_vocoder(
    contract: MelContract | None,
    path: str | os.PathLike[str],
    family: str | None,
    **settings: object,
) -> Vocoder:
    """Load a vocoder for mels of ``contract`` (None: whatever it was trained for).

    ``family``: the class it must be; ``settings``: constructor arguments that replace the voice's
    own, None = the voice's. Raises CheckpointError for a file that is missing, damaged or no
    vocoder, ContractError naming the fields for one of another mel.
    """
    with naming_key("vocoder.path", path):
        run = load_run(path)
        made = run.model_class()
        if not (isinstance(made, type) and issubclass(made, Vocoder)):
            kind = "a codec" if is_vocoder(run.config) else run.describe()
            raise CheckpointError(f"{run.path} is {kind}; give a vocoder")
        if family is not None and made.__name__ != family:
            raise CheckpointError(f"{run.path} is a {made.__name__}, not a {family}")
    if contract is not None:
        run.contract.require(contract, str(run.path), "the acoustic model")
    changed = {name: value for name, value in settings.items() if value is not None}
    vocoder: Vocoder = run.build(**{**run.speaking, **changed})
    return vocoder.eval()
