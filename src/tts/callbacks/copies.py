"""How a vocoder sounds by now: always the same recordings, and what it makes of their mels."""

from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from tts.audio.mel import stft_magnitude
from tts.batch import Clips
from tts.callbacks.pictures import mel_picture


class Copies(pl.Callback):
    """Every ``every_n_validations``, for the first ``count`` validation clips:

    - ``spectrogram/``: the recording's and the copy's, in natural-log magnitude over all
      frequencies, so that a buzz or a hole shows where a mel would hide it;
    - ``audio/``: both.

    Needs TensorBoard among the loggers.
    """

    def __init__(self, count: int = 3, every_n_validations: int = 2) -> None:
        self.count = count
        self.every_n_validations = every_n_validations
        self._validations = 0
        self._recorded: set[str] = set()

    def state_dict(self) -> dict[str, Any]:
        return {"validations": self._validations}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._validations = state_dict["validations"]

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Clips,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        due = self._validations % self.every_n_validations == 0
        if trainer.sanity_checking or not due or batch_idx >= self.count:
            return
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger) and trainer.is_global_zero:
                self._show(logger.experiment, trainer, batch, outputs)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self._validations += 1

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
            if title == "recording":
                if name in self._recorded:
                    continue
                self._recorded.add(name)
            audio = wave.float().cpu()
            board.add_audio(f"audio/{name}/{title}", audio[None], step, contract.sample_rate)
