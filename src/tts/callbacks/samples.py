"""Samples: plots and audio of a few validation utterances in TensorBoard."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from tts.audio.frequency_axis import mel_axis
from tts.audio.mel import mel_spectrogram
from tts.batch import Batch, Prompt
from tts.bounds import Count, SolverSteps, Steps
from tts.callbacks.support.code_plots import duration_figure, refinement_figure
from tts.callbacks.support.datamodule import datamodule
from tts.callbacks.support.periodic_validation import PeriodicValidation
from tts.callbacks.support.plots import (
    alignment_figure,
    mel_figure,
    pitch_figure,
    variance_figure,
)
from tts.callbacks.support.random_states import seeded
from tts.callbacks.support.tensorboard import tensorboard_writers
from tts.callbacks.support.waveforms import decoder_of, waveform_of
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.metrics.alignment import diagonality
from tts.models.acoustic import AcousticModel, Diagnostics
from tts.strategies.sharding import gather_full_model


class Samples(PeriodicValidation):
    """Writes every ``every_n_validations``, for ``count`` utterances of all the validation set:

    - ``mel/``: the recording, the prediction with the recording's prosody, and the synthesis from
      text alone;
    - ``alignment/``: soft and hard, with the diagonality of the soft one in the title;
    - ``pitch/``: recorded per frame and token, and predicted, in Hz;
    - ``durations/``: recorded and predicted, with the predicted standard deviation, and
      ``rounds/``: when each token was chosen, and how surely, of a model that refines codes;
    - ``audio/``: recording and synthesis, both from their mels by ``vocoder``, a factory called
      with the mel contract (None: no audio), or the synthesis from its codes by their codec; for a
      flow-matching model also the first utterance
      with each of ``solver_steps``;
    - ``global_variance``: the variance of each mel band over time, of all of these mels.

    Needs a TensorBoard logger. What a model does not have is left out.
    """

    def __init__(
        self,
        count: Steps = 3,
        every_n_validations: Count = 4,
        vocoder: Callable[..., nn.Module] | None = None,
        solver_steps: Sequence[SolverSteps] = (1, 2, 4, 10),
    ) -> None:
        super().__init__(count, every_n_validations)
        self.solver_steps = list(solver_steps)
        self.make_vocoder = vocoder
        self._vocoder: nn.Module | None = None  # of recordings
        self._decoder: nn.Module | None = None  # of what the model synthesizes
        self._rows: list[Batch] = []  # of one utterance each

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if datamodule(trainer).clips is not None:
            raise UserError(
                "callbacks=default is for acoustic models. For a vocoder choose callbacks=vocoder, "
                "or callbacks=[vocoder,...] with others"
            )

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        # the order of the validation set is fixed: always the same utterances
        batches = int(sum(trainer.num_val_batches))
        wanted = [n * batches // self.count for n in range(self.count)].count(batch_idx)
        for row in range(min(wanted, len(batch.tokens))):
            self._rows.append(one_row(batch, row))

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._rows = []

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.due(trainer):
            self.act(trainer, pl_module)
        super().on_validation_epoch_end(trainer, pl_module)

    def act(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the samples of the last validation, unless they are written."""
        rows, self._rows = self._rows, []
        if not rows:
            return
        with gather_full_model(trainer, pl_module) as model:
            for writer in tensorboard_writers(trainer):
                self._write_all(writer, trainer, cast(AcousticModel[Any], model), rows)

    def _write_all(
        self,
        writer: SummaryWriter,
        trainer: pl.Trainer,
        model: AcousticModel[Any],
        rows: list[Batch],
    ) -> None:
        mels_of_rows = [self._write(writer, trainer, model, batch) for batch in rows]
        variances = {
            title: np.mean([mels[title].var(0) for mels in mels_of_rows], 0)
            for title in mels_of_rows[0]
        }
        writer.add_figure("global_variance", variance_figure(variances), trainer.global_step)
        if self._vocoder is not None and "steps" in model.controls:
            self._write_solver_steps(writer, trainer, model, rows[0])

    def _write(
        self, writer: SummaryWriter, trainer: pl.Trainer, model: AcousticModel[Any], batch: Batch
    ) -> dict[str, np.ndarray]:
        """Write the samples of one utterance; return its mels ``(T, M)`` by title."""
        data = datamodule(trainer)
        contract = data.facts.contract
        rate, step = contract.frames_per_second, trainer.global_step
        assert batch.utterance is not None
        assert batch.mel is not None
        name = data.utterance_id(int(batch.utterance), "validation")
        with seeded(1), trainer.precision_plugin.forward_context(), torch.no_grad():
            output = model.diagnostics(model(batch))
            generated = model.generate(prompt_of(batch))
        features = generated.features
        if generated.refinement is not None:
            figure = refinement_figure(
                generated.refinement.decided[0].cpu().numpy(),
                generated.refinement.confidence[0].float().cpu().numpy(),
                data.facts.contract_of(model.features).frames_per_second,
            )
            writer.add_figure(f"rounds/{name}", figure, step)

        wave = self._synthesized_wave(trainer, model, features)
        synthesized: Tensor | None = features
        if model.features == "codes":
            synthesized = None if wave is None else mel_spectrogram(wave, contract)[None]
        mels = {
            "recording": batch.mel,
            "predicted with the recording's prosody": output.mel,
            "synthesized from text": synthesized,
        }
        arrays = {title: mel[0].float().cpu().numpy() for title, mel in mels.items()
                  if mel is not None}  # fmt: skip
        writer.add_figure(f"mel/{name}", mel_figure(arrays, rate, mel_axis(contract)), step)

        durations = None if output.durations is None else output.durations[0].cpu().numpy()
        if durations is not None or output.log_attention is not None:
            soft, title = _soft_alignment(output, batch)
            symbols = [data.facts.symbols[token] for token in batch.tokens[0].tolist()]
            coded = output.code_lengths is not None
            steps = data.facts.contract_of("codes" if coded else "mel").frames_per_second
            figure = alignment_figure(soft, durations, symbols, steps, f"{name}{title}")
            writer.add_figure(f"alignment/{name}", figure, step)
        if durations is not None and output.predicted_durations is not None:
            deviation = generated.duration_deviation
            if deviation is not None:
                figure = duration_figure(
                    durations, output.predicted_durations[0].float().cpu().numpy(),
                    deviation[0].float().cpu().numpy(), symbols, rate,
                )  # fmt: skip
                writer.add_figure(f"durations/{name}", figure, step)
        tracks = {"recorded, mean of a phoneme": output.pitch,
                  "predicted": output.predicted_pitch}  # fmt: skip
        tokens = {title: track for title, track in tracks.items() if track is not None}
        if durations is not None and tokens:
            assert batch.pitch is not None
            assert batch.speaker is not None
            speaker = data.facts.statistics[int(batch.speaker)]
            pitch = {title: np.exp(speaker.pitch_mean + speaker.pitch_std
                                   * track[0].float().cpu().numpy())
                     for title, track in tokens.items()}  # fmt: skip
            recorded = batch.pitch[0].float().cpu().numpy()
            writer.add_figure(f"pitch/{name}", pitch_figure(recorded, pitch, durations, rate), step)

        if wave is not None:
            assert self._vocoder is not None
            if self.first_time(name):
                copy = waveform_of(self._vocoder, batch.mel)
                writer.add_audio(f"audio/{name}/recording", copy, step, contract.sample_rate)
            writer.add_audio(f"audio/{name}/synthesized", wave, step, contract.sample_rate)
        return arrays

    def _synthesized_wave(
        self, trainer: pl.Trainer, model: AcousticModel[Any], features: Tensor
    ) -> Tensor | None:
        """Return the samples ``(S,)`` of features ``(1, T, ...)``; None without a vocoder."""
        if self.make_vocoder is None:
            return None
        if self._vocoder is None or self._decoder is None:
            self._vocoder = self.make_vocoder(contract=datamodule(trainer).facts.contract)
            mels = model.features == "mel"
            self._decoder = self._vocoder if mels else decoder_of(trainer, model, self.make_vocoder)
        return waveform_of(self._decoder, features)

    def _write_solver_steps(
        self, writer: SummaryWriter, trainer: pl.Trainer, model: AcousticModel[Any], batch: Batch
    ) -> None:
        """Write the utterance with the same noise and different numbers of solver steps."""
        data = datamodule(trainer)
        name = data.utterance_id(int(batch.utterance), "validation")  # type: ignore[arg-type]
        for steps in self.solver_steps:
            prompt = prompt_of(batch)._replace(controls=SynthesisControls(steps=steps))
            with seeded(1), trainer.precision_plugin.forward_context(), torch.no_grad():
                mel = model.generate(prompt).features
            tag = f"audio/{name}/synthesized, {steps} solver steps"
            wave = self._synthesized_wave(trainer, model, mel)
            assert wave is not None
            writer.add_audio(tag, wave, trainer.global_step, data.facts.contract.sample_rate)


def one_row(batch: Batch, row: int) -> Batch:
    """Return one utterance of a batch as a batch without padding."""
    tokens, frames = int(batch.token_lengths[row]), int(batch.frame_lengths[row])
    lengths = {"tokens": tokens, "durations": tokens}
    lengths |= dict.fromkeys(("mel", "pitch", "energy"), frames)
    if batch.reference_lengths is not None:
        lengths["reference"] = int(batch.reference_lengths[row])
    if batch.code_lengths is not None:
        lengths["codes"] = int(batch.code_lengths[row])
    parts = {}
    for name, value in batch._asdict().items():
        if value is not None:
            part = value[row : row + 1]
            parts[name] = part[:, : lengths[name]] if name in lengths else part
    return Batch(**parts)


def prompt_of(batch: Batch) -> Prompt:
    """Return the text and voice of a batch as a prompt, without its prosody."""
    return Prompt(
        batch.tokens,
        batch.token_lengths,
        speaker=batch.speaker,
        language=batch.language,
        reference=batch.mel if batch.reference is None else batch.reference,
        reference_lengths=(
            batch.frame_lengths if batch.reference is None else batch.reference_lengths
        ),
        embedding=batch.embedding,
    )


def _soft_alignment(output: Diagnostics, batch: Batch) -> tuple[np.ndarray | None, str]:
    """Return ``(T, N)`` probabilities, None for given durations, and a suffix of the title."""
    if output.log_attention is None:
        return None, ", given durations"
    soft = output.log_attention.float().exp()
    score = float(diagonality(soft, batch.token_lengths, output.frame_lengths(batch)))
    return soft[0].cpu().numpy(), f", diagonality {score:.2f}"
