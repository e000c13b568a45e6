"""Loss of a variational style."""

from torch import Tensor

from tts.losses.term import LossTerm


class StyleDivergence(LossTerm):
    """Kullback-Leibler divergence of the style's posterior from its prior, nats per utterance.

    Kingma & Welling 2014, equation 10. It applies with a variational style in ``model/style``.
    """

    exclude_from_balancing = True  # in nats

    def forward(self, output: object, batch: object) -> Tensor | None:
        style = getattr(output, "style", None)
        if style is None or style.divergence is None:
            return None
        return style.divergence.mean()
