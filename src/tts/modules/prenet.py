"""Prenet: a bottleneck between the previous frame and the decoder (Wang et al. 2017, Tacotron)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Channels, Probability


class Prenet(nn.Module):
    """Two linear layers with ReLU and dropout. ``(..., bands) -> (..., dim)``.

    The dropout keeps the decoder from copying the previous frame instead of reading the text. With
    ``always`` it stays on in evaluation too (Shen et al. 2018, section 2.2), because the decoder
    has learned from such inputs. ``hidden``: channels of both layers.
    """

    def __init__(
        self,
        bands: int,
        dim: int,
        hidden: Channels = 256,
        dropout: Probability = 0.2,
        always: bool = True,
    ) -> None:
        super().__init__()
        self.dropout, self.always = dropout, always
        self.layers = nn.ModuleList([nn.Linear(bands, hidden), nn.Linear(hidden, hidden)])
        self.project = nn.Linear(hidden, dim)

    def forward(
        self, x: Tensor, generator: torch.Generator | None = None, takes: int | None = None
    ) -> Tensor:
        """``generator``: of the dropout's random numbers; None = torch's own. ``takes``: in a batch
        of so many takes of each text, side by side, every text gets the same numbers."""
        x = x.to(self.project.weight.dtype)
        for layer in self.layers:
            x = self._drop(F.relu(layer(x)), generator, takes)
        return self.project(x)

    @property
    def random(self) -> bool:
        """Whether two calls can differ in the current mode."""
        return self.dropout > 0 and (self.training or self.always)

    def _drop(self, x: Tensor, generator: torch.Generator | None, takes: int | None) -> Tensor:
        if not self.random:
            return x
        drawn = len(x) if takes is None else takes
        noise = torch.rand((drawn, *x.shape[1:]), generator=generator, device=x.device)
        if drawn < len(x):
            noise = noise.repeat(len(x) // drawn, *[1] * (x.ndim - 1))
        return torch.where(noise >= self.dropout, x / (1 - self.dropout), 0)
