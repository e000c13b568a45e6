"""Check of ``model.loss.ramps`` and ``model.loss.decays``, which take every term of the loss."""

from collections.abc import Sequence
from pathlib import Path

from tts.config.choices import elsewhere
from tts.errors import UserError
from tts.plain_data import PlainData

SPANS = ("ramps", "decays")


def check_loss_spans(plain: PlainData, conf: Path, overrides: Sequence[str]) -> None:
    """Raise UserError for a ramp or a decay of a term that the loss does not have.

    ``plain``: the resolved config of a training, composed with ``overrides``.
    """
    loss = plain["model"].get("loss") or {}
    terms = loss.get("terms") or {}
    for option in SPANS:
        for name in loss.get(option) or {}:
            if name not in terms:
                key, weight = f"model.loss.{option}.{name}", f"model.loss.weights.{name}"
                other = elsewhere(weight, "train", conf, overrides)
                raise UserError(
                    other.replace(weight, key, 1)
                    or f"{key}: the loss has no such term; choose from {', '.join(sorted(terms))}"
                )
