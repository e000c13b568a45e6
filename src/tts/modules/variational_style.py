"""Variational style: a Gaussian latent of a reference, with a standard normal prior.

Zhang et al. 2019, "Learning latent representations for style control and transfer in end-to-end
speech synthesis". The loss term ``style`` is its divergence from the prior, whose weight rises
during training, so that the latent is used before it is regular.
"""

import torch
from torch import Tensor, nn

from tts.bounds import Channels
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.modules.clamp import returning_clamp
from tts.modules.style import Style, StyleInputs, StyleNeeds, StyleOutput

LOG_VARIANCE = (-8.0, 4.0)


class VariationalStyle(Style):
    """A latent of size ``dim``: drawn from the reference's posterior in training, else its mean.

    Speaking with a temperature adds that much of the noise; without a reference the latent is drawn
    from the prior.
    """

    needs = StyleNeeds(reference="optional")
    controls = frozenset({"style_temperature"})

    def __init__(self, facts: CorpusFacts, summary_dim: Channels, dim: Channels = 16) -> None:
        super().__init__()
        self.dim = dim
        self.posterior = nn.Linear(summary_dim, 2 * dim)
        nn.init.normal_(self.posterior.weight, std=0.1 * summary_dim**-0.5)
        nn.init.zeros_(self.posterior.bias)

    def forward(self, inputs: StyleInputs) -> StyleOutput:
        temperature = float(self.training) if inputs.temperature is None else inputs.temperature
        device = self.posterior.weight.device
        if inputs.summary is None:
            if inputs.temperature is None:
                raise UserError(
                    "a variational style needs a recording or a temperature: give "
                    "reference=FILE.wav or style_temperature=1"
                )
            noise = torch.randn(1, self.dim, generator=inputs.generator, device=device)
            return StyleOutput(temperature * noise)
        mean, log_variance = self._posterior(inputs.summary)
        noise = torch.randn(mean.shape, generator=inputs.generator, device=device)
        latent = mean + temperature * (0.5 * log_variance).exp() * noise
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1)
        return StyleOutput(latent.to(inputs.summary.dtype), divergence=divergence)

    def moments(self, summary: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of the posterior, ``(B, dim)`` each."""
        mean, log_variance = self._posterior(summary)
        return mean, (0.5 * log_variance).exp()

    def _posterior(self, summary: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.posterior(summary).float().chunk(2, -1)
        return mean, returning_clamp(log_variance, *LOG_VARIANCE)

    def available(self, inputs: StyleInputs) -> bool:
        return inputs.summary is not None or inputs.temperature is not None
