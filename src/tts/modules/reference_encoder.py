"""Reference encoder: the mel of a recording to one vector, by a backbone of any kind and depth."""

from collections.abc import Callable
from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Bound, Channels
from tts.corpus import CorpusFacts
from tts.modules.context import Context
from tts.modules.style import StyleInputs, pooled_statistics, reference_of


class ReferenceEncoder(nn.Module):
    """Summary ``(B, 2 dim)`` of a reference mel: ``backbone(dim=)``, then statistics pooling.

    The mean and the standard deviation over time forget what is said and in which order, and keep
    how (Snyder et al. 2018, section 2.2). A step of the backbone covers ``stride`` frames.
    """

    def __init__(
        self,
        facts: CorpusFacts,
        backbone: Callable[..., nn.Module],
        dim: Channels = 128,
        stride: Annotated[int, Bound(least=1, most=64)] = 4,
    ) -> None:
        super().__init__()
        self.stride, self.summary_dim = stride, 2 * dim
        self.input = nn.Linear(stride * facts.contract.bands, dim)
        self.backbone = backbone(dim=dim)

    def forward(self, inputs: StyleInputs) -> Tensor:
        """Raises UserError without a reference."""
        mel, mask = reference_of(inputs, "this style")
        # a step is real where its first frame is
        return self.of_steps(self._folded(mel * mask), self._folded(mask)[..., :1])

    def of_steps(self, steps: Tensor, mask: Tensor) -> Tensor:
        """Return the summary of ``steps (B, R, stride * M)``, real where ``mask (B, R, 1)`` is."""
        x = self.input(steps.to(self.input.weight.dtype))
        x = self.backbone(x, Context(mask=mask[..., 0]))
        return pooled_statistics(x, mask).to(x.dtype)

    def _folded(self, x: Tensor) -> Tensor:
        """``(B, R, C)`` -> ``(B, R / stride, stride * C)``, padded with zeros."""
        x = F.pad(x, (0, 0, 0, -x.shape[1] % self.stride))
        return x.reshape(len(x), -1, self.stride * x.shape[2])
