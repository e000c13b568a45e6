"""Loss term: the base class of what a weighted loss sums."""

from typing import Any

from torch import nn

from tts.errors import UserError


class LossTerm(nn.Module):
    """``term(output, batch)`` returns a scalar, or None where it does not apply to this output."""

    # True for a value that measures neither noise nor progress (a likelihood in nats, a GAN's
    # score): an adaptive balance then does not derive the weight from it
    exclude_from_balancing = False

    # True for a costly term without parameters of its own: training leaves it out while a ramp or a
    # decay has its weight at 0
    skipped_at_zero = False

    def attach(self, model: nn.Module) -> None:
        """Learn what the term needs to know of the model that the loss trains."""


def output_part(output: Any, of: str) -> Any:
    """Return the part of a model's output that a term compares. Raises UserError naming it."""
    if of not in getattr(output, "_fields", ()) and not hasattr(output, of):
        parts = ", ".join(getattr(output, "_fields", ()))
        raise UserError(
            f"model.loss.terms: of={of} is not a part of the output; choose from {parts}"
        )
    return getattr(output, of)
