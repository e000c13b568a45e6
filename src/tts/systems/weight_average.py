"""Exponential moving average of a model's weights."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from tts.plain_data import PlainData
from tts.strategies.private_api import foreach_lerp_


class WeightAverage(AveragedModel):
    """Average of ``model``'s weights with ``decay`` per update, and its buffers as they are.

    The decay is lower during the first updates: ``(1 + n) / (10 + n)`` after n of them. Saved like
    torch's ``AveragedModel``, whose own update reads its counter back from the GPU in every step
    and so makes the CPU wait; this one counts on the CPU.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__(model)
        self.decay = decay
        self._updates: int | None = None  # None: to be read from ``n_averaged``

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        updates = int(self.n_averaged) if self._updates is None else self._updates
        decay = min(self.decay, (1 + updates) / (10 + updates)) if updates else 0.0
        foreach_lerp_(list(self.module.parameters()), list(model.parameters()), 1 - decay)
        for average, current in zip(self.module.buffers(), model.buffers(), strict=True):
            average.copy_(current)
        self.n_averaged += 1
        self._updates = updates + 1

    def _load_from_state_dict(
        self, state_dict: PlainData, prefix: str, *args: object, **kwargs: object
    ) -> None:
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
        self._updates = None
