"""Loss term: the base class of what a weighted loss sums."""

from torch import nn


class LossTerm(nn.Module):
    """``term(output, batch)`` returns a scalar, or None where it does not apply to this output."""

    # True for a value that measures neither noise nor progress (a likelihood in nats, a GAN's
    # score): an adaptive balance then does not derive the weight from it
    exclude_from_balancing = False
