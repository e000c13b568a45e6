"""How a vocoder sounds by now: always the same recordings, and what it makes of their mels."""

from typing import Any

import lightning.pytorch as pl
from torch import Tensor

from tts.audio.mel import stft_magnitude
from tts.batch import Clips
from tts.callbacks.support.periodic_validation import PeriodicValidation, tensorboard_writers
from tts.callbacks.support.plots import mel_picture


class CopySynthesisSamples(PeriodicValidation):
    """Every ``every_n_validations``, for the first ``count`` validation clips:

    - ``spectrogram/``: the recording's and the copy's, in natural-log magnitude over all
      frequencies, so that a buzz or a hole shows where a mel would hide it;
    - ``audio/``: both.

    Needs TensorBoard among the loggers.
    """

    def __init__(self, count: int = 3, every_n_validations: int = 2) -> None:
        super().__init__(count, every_n_validations)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Clips,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if self.due(trainer) and batch_idx < self.count:
            for board in tensorboard_writers(trainer):
                self._show(board, trainer, batch, outputs)

    def _show(self, board: Any, trainer: pl.Trainer, batch: Clips, copy: Tensor) -> None:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        contract = data.facts.contract
        step = trainer.global_step
        assert batch.utterance is not None
        name = data.utterance_id(int(batch.utterance[0]), "validation")
        waves = {"recording": batch.audio[0], "copy": copy[0].clamp(-1, 1)}
        spectra = {
            title: stft_magnitude(wave, contract).clamp(min=1e-4).log().cpu().numpy()
            for title, wave in waves.items()
        }
        picture = mel_picture(spectra, contract.frames_per_second, ylabel="bin")
        board.add_figure(f"spectrogram/{name}", picture, step)
        for title, wave in waves.items():
            if title != "recording" or self.first_time(name):
                audio = wave.float().cpu()
                board.add_audio(f"audio/{name}/{title}", audio[None], step, contract.sample_rate)
