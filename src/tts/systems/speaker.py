"""LightningModule that trains a speaker encoder."""

from typing import Any

import torch
from torch import Tensor

from tts.batch import Clips
from tts.metrics.equal_error_rate import speaker_error_rate
from tts.systems.acoustic import AcousticSystem


class SpeakerSystem(AcousticSystem):
    """Trains a speaker encoder to tell the training speakers apart.

    ``halves``: train on both halves of every clip, so that each speaker of a batch has two.
    ``val/eer``: equal error rate of the two halves of validation clips, over all pairs of clips.
    """

    model: Any

    def __init__(self, *args: Any, halves: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.halves = halves

    _halves: list[tuple[Tensor, Tensor, Tensor]]

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        return {"train/accuracy": True, "val/eer": False}

    def training_step(self, batch: Clips, batch_idx: int) -> Tensor:  # type: ignore[override]
        if self.halves:
            half = batch.mel.shape[1] // 2
            mel = torch.cat([batch.mel[:, :half], batch.mel[:, half : 2 * half]])
            assert batch.speaker is not None
            batch = batch._replace(mel=mel, speaker=batch.speaker.repeat(2))
        output = self.model(batch.mel)
        result = self.loss(output, batch, self.global_step)
        assert batch.speaker is not None
        values = result.named("train")
        if output.cosines is not None:
            right = (output.cosines.argmax(-1) == batch.speaker).float().mean()
            values = {**values, "train/accuracy": right}
        self.log_dict(values, batch_size=len(batch.mel))
        return result.total

    def on_validation_epoch_start(self) -> None:
        self._halves = []

    def validation_step(self, batch: Clips, batch_idx: int) -> None:  # type: ignore[override]
        assert batch.speaker is not None
        half = max(batch.mel.shape[1] // 2, 1)
        one, other = self.model.embed(batch.mel[:, :half]), self.model.embed(batch.mel[:, half:])
        self._halves.append((one.cpu(), other.cpu(), batch.speaker.cpu()))

    def on_validation_epoch_end(self) -> None:
        one, other, speakers = (torch.cat(parts) for parts in zip(*self._halves, strict=True))
        self.log("val/eer", speaker_error_rate(one, other, speakers), sync_dist=True)
