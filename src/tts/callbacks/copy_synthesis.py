"""Copy synthesis samples: recordings and their copies by the vocoder."""

import lightning.pytorch as pl
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from tts.audio.frequency_axis import stft_axis
from tts.audio.mel import stft_magnitude
from tts.batch import Clips
from tts.bounds import Count, Steps
from tts.callbacks.support.datamodule import datamodule
from tts.callbacks.support.periodic_validation import PeriodicValidation
from tts.callbacks.support.plots import mel_figure
from tts.callbacks.support.tensorboard import tensorboard_writers


class CopySynthesisSamples(PeriodicValidation):
    """Writes every ``every_n_validations``, for the first ``count`` validation clips:

    - ``spectrogram/``: natural-log magnitudes of recording and copy at all frequencies, which show
      a buzz or a gap that a mel hides;
    - ``audio/``: both.

    Needs a TensorBoard logger.
    """

    def __init__(self, count: Steps = 3, every_n_validations: Count = 2) -> None:
        super().__init__(count, every_n_validations)
        self._copies: list[tuple[Clips, Tensor]] = []  # of the last validation

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: Clips,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if batch_idx < self.count and trainer.state.fn == "fit" and not trainer.sanity_checking:
            assert isinstance(outputs, Tensor)
            self._copies.append((batch, outputs))

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._copies = []

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.due(trainer):
            self.act(trainer, pl_module)
        super().on_validation_epoch_end(trainer, pl_module)

    def act(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the samples of the last validation, unless they are written."""
        copies, self._copies = self._copies, []
        for writer in tensorboard_writers(trainer):
            for batch, copy in copies:
                self._write(writer, trainer, batch, copy)

    def _write(
        self, writer: SummaryWriter, trainer: pl.Trainer, batch: Clips, copy: Tensor
    ) -> None:
        data = datamodule(trainer)
        contract = data.facts.contract
        step = trainer.global_step
        assert batch.utterance is not None
        name = data.utterance_id(int(batch.utterance[0]), "validation")
        waves = {"recording": batch.audio[0], "copy synthesis": copy[0].clamp(-1, 1)}
        spectra = {
            title: stft_magnitude(wave, contract).clamp(min=1e-4).log().cpu().numpy()
            for title, wave in waves.items()
        }
        figure = mel_figure(spectra, contract.frames_per_second, stft_axis(contract))
        writer.add_figure(f"spectrogram/{name}", figure, step)
        for title, wave in waves.items():
            if title != "recording" or self.first_time(name):
                audio = wave.float().cpu()
                writer.add_audio(f"audio/{name}/{title}", audio[None], step, contract.sample_rate)
