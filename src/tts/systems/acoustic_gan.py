"""The LightningModule that trains an acoustic model against a critic of its mels."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from tts.batch import Batch
from tts.discriminators.mel import MelWindows
from tts.losses.weighted import WeightedLoss
from tts.systems.acoustic import validate
from tts.systems.gan import GANSystem


class AcousticGANSystem(GANSystem):
    """A regression that is not believed when it blurs: losses as ever, and a critic's besides.

    The critic sees the mel spoken with the recording's own prosody beside the recording's, in the
    same offsets (FastSpeech 2's losses with the multi-window critics of HiFiSinger, Chen et al.
    2020, section 2.2). The mel is shown normalized, as the model makes it. Arguments as in
    :class:`~tts.systems.gan.GANSystem`.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: WeightedLoss,
        optimizer: Callable[..., torch.optim.Optimizer],
        scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler],
        card: Mapping[str, Any] | None = None,
        discriminators: Mapping[str, Callable[..., nn.Module]] | None = None,
        **settings: Any,
    ) -> None:
        discriminator_kwargs = {"bands": model.bands}
        super().__init__(
            model, loss, optimizer, scheduler, card, discriminators, discriminator_kwargs, **settings
        )  # fmt: skip

    def forward(self, batch: Batch) -> Any:
        return self.generator(batch)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        output = self.model(batch)
        assert batch.mel is not None
        offsets = torch.rand(len(batch.tokens), device=self.device)
        shown = partial(self._shown, lengths=batch.frame_lengths, offsets=offsets)
        self.adversarial_step(batch, batch_idx, output, output.mel, batch.mel, shown)

    def _shown(self, mel: Tensor, lengths: Tensor, offsets: Tensor) -> MelWindows:
        model: Any = self.model
        return MelWindows((mel - model.mel_mean) / model.mel_std, lengths, offsets)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        validate(self, self.generator(batch), batch)
