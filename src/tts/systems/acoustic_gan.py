"""LightningModule that trains an acoustic model with mel discriminators."""

from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from tts.batch import Batch
from tts.discriminators.mel import MelWindows
from tts.systems.acoustic import validate
from tts.systems.gan import GANSystem


class AcousticGANSystem(GANSystem):
    """Adds mel discriminators to an acoustic model, to reduce over-smoothing.

    They compare the mel predicted from the recording's own prosody with the recording's, in windows
    at the same offsets (HiFiSinger's multi-window discriminators, Chen et al. 2020, section 2.2).
    Both mels are normalized, as the model computes them. Arguments: see ``GANSystem``.
    """

    signal: ClassVar[str] = "mel"

    def discriminator_kwargs(self) -> dict[str, object]:
        return {"bands": self.model.bands}

    def forward(self, batch: Batch) -> object:
        return self.generator(batch)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        output = self.model(batch)
        assert batch.mel is not None
        offsets = torch.rand(len(batch.tokens), device=self.device, dtype=torch.float32)
        inputs = partial(self._windows, lengths=batch.frame_lengths, offsets=offsets)
        self.adversarial_step(batch, batch_idx, output, output.mel, batch.mel, inputs)

    def _windows(self, mel: Tensor, lengths: Tensor, offsets: Tensor) -> MelWindows:
        mean, std = (self.model.get_buffer(name) for name in ("mel_mean", "mel_std"))
        # under bf16-true the generated mel alone is in fp32
        dtype = next(self.parameters()).dtype
        return MelWindows(((mel - mean) / std).to(dtype), lengths, offsets)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        validate(self, self.generator(batch), batch)
