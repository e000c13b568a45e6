"""A vocoder from a training run, a checkpoint or a voice."""

import logging
import os
from pathlib import Path
from typing import Any

from tts.build import build, model_arguments
from tts.checkpoint import CheckpointError, load_run
from tts.contract import ContractError, MelContract
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.vocoder import Vocoder

BUNDLED = Path(__file__).parents[3] / "voices" / "vocos_small"  # trained here, for anybody's voice
log = logging.getLogger(__name__)


def default_vocoder(contract: MelContract) -> Vocoder:
    """The one that comes with the project; for a mel that it does not know, Griffin-Lim.

    Which it is, and the fields that keep the better one from speaking, is said in the log.
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
    **settings: Any,
) -> Vocoder:
    """Ready to speak mels of ``contract`` (None: whatever it was trained for).

    ``family``: the name of the class it is to be; ``settings`` of it that are to be others than in
    training, None = the same. Raises CheckpointError for a file that is
    missing, damaged or no vocoder, ContractError naming the fields for one of another mel.
    """
    run = load_run(path)
    factory = build(model_arguments(run.config["model"]))
    made = getattr(factory, "func", factory)
    if not (isinstance(made, type) and issubclass(made, Vocoder)):
        raise CheckpointError(f"{run.path} is no vocoder: it turns text into mels")
    if family is not None and made.__name__ != family:
        raise CheckpointError(f"{run.path} is a {made.__name__}, not a {family}")
    if contract is not None:
        run.contract.require(contract, str(run.path), "the acoustic model")
    changed = {name: value for name, value in settings.items() if value is not None}
    vocoder: Vocoder = factory(run.contract, **changed)
    run.fill(vocoder)
    return vocoder.eval()
