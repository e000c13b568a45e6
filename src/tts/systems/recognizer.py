"""LightningModule that trains a phone recognizer."""

from typing import Any, cast

import torch
from torch import Tensor

from tts.batch import Batch
from tts.metrics.intelligibility import edit_distance
from tts.models.phone_recognizer import PhoneOutput, recognized
from tts.systems.acoustic import AcousticSystem


class RecognizerSystem(AcousticSystem):
    """Trains a phone recognizer; ``val/phone_error``: percent of the phones said."""

    model: Any

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        return {"val/phone_error": False}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        result = self.loss(self.model(batch), batch, self.global_step)
        self.log_dict(result.named("train"), batch_size=len(batch.tokens))
        return result.total

    def on_validation_epoch_start(self) -> None:
        self._errors = torch.zeros(2, device=self.device)  # edits, phones said

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        output: PhoneOutput = self.model(batch)
        result = self.loss(output, batch, self.global_step)
        self.log_dict(
            result.named("val"), batch_size=len(batch.tokens), sync_dist=True, on_epoch=True,
            on_step=False,
        )  # fmt: skip
        found = recognized(output.log_probabilities, output.lengths)
        said = [
            row[:length].tolist()
            for row, length in zip(output.phones, output.phone_lengths, strict=True)
        ]
        edits = list(map(edit_distance, said, found))
        self._errors += torch.tensor([sum(edits), sum(map(len, said))], device=self.device)

    def on_validation_epoch_end(self) -> None:
        gathered = cast(Tensor, self.all_gather(self._errors))
        edits, said = gathered.reshape(-1, 2).sum(0)
        self.log("val/phone_error", 100 * edits / said.clamp(min=1), sync_dist=True)
