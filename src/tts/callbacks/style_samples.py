"""Styles in TensorBoard: the space of styles, and the use and the sound of style tokens."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import lightning.pytorch as pl
import numpy as np
import torch
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from tts.bounds import Count, Steps
from tts.callbacks.samples import prompt_of
from tts.callbacks.support.datamodule import datamodule
from tts.callbacks.support.periodic_validation import PeriodicValidation
from tts.callbacks.support.plots import token_use_figure
from tts.callbacks.support.random_states import seeded
from tts.callbacks.support.tensorboard import tensorboard_writers
from tts.callbacks.support.waveforms import decoder_of, waveform_of
from tts.controls import SynthesisControls
from tts.models.acoustic import AcousticModel
from tts.strategies.sharding import gather_full_model

BATCH = 16  # utterances whose styles are computed together


class StyleSamples(PeriodicValidation):
    """Writes every ``every_n_validations``, of a model whose style reads a reference:

    - the embedding projector: styles of ``count`` validation utterances, by speaker;
    - ``style_tokens``: the mean weight of each style token over them;
    - ``style_token/``: one sentence with each style token alone, by ``vocoder`` (None: no audio).

    Needs a TensorBoard logger.
    """

    def __init__(
        self,
        count: Steps = 128,
        every_n_validations: Count = 8,
        vocoder: Callable[..., nn.Module] | None = None,
    ) -> None:
        super().__init__(count, every_n_validations)
        self.make_vocoder = vocoder
        self._decoder: nn.Module | None = None

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.state.fn == "fit" and self.due(trainer):
            with gather_full_model(trainer, pl_module) as gathered:
                model = cast(AcousticModel[Any], gathered)
                for writer in tensorboard_writers(trainer) if model.reference != "none" else ():
                    self._write(writer, trainer, model)
        super().on_validation_epoch_end(trainer, pl_module)

    def _write(self, writer: SummaryWriter, trainer: pl.Trainer, model: AcousticModel[Any]) -> None:
        part = datamodule(trainer).dataset("validation")
        count = min(self.count, len(part))
        chosen = [n * len(part) // count for n in range(count)]
        if not chosen:
            return
        vectors, weights = self._styles(trainer, model, chosen)
        rows = [part.row(index) for index in chosen]
        writer.add_embedding(
            vectors,
            [[row.speaker, row.language, row.id] for row in rows],
            global_step=trainer.global_step,
            tag="style",
            metadata_header=["speaker", "language", "utterance"],
        )
        if weights is not None:
            figure = token_use_figure(weights)
            writer.add_figure("style_tokens", figure, trainer.global_step)
            self._write_tokens(writer, trainer, model, chosen[0])

    def _styles(
        self, trainer: pl.Trainer, model: AcousticModel[Any], chosen: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Return styles ``(count, D)``, and the mean weight of each style token ``(tokens,)``."""
        vectors, weights = [], []
        for start in range(0, len(chosen), BATCH):
            batch = datamodule(trainer).batch(chosen[start : start + BATCH])
            batch = trainer.strategy.batch_to_device(batch)
            with trainer.precision_plugin.forward_context(), torch.no_grad():
                output = model.batch_style(batch)
            assert output.vector is not None
            vectors.append(output.vector.float().cpu().numpy())
            if output.token_weights is not None:
                weights.append(output.token_weights.float().mean(1).cpu().numpy())
        return np.concatenate(vectors), np.concatenate(weights).mean(0) if weights else None

    def _write_tokens(
        self, writer: SummaryWriter, trainer: pl.Trainer, model: AcousticModel[Any], index: int
    ) -> None:
        """Write one sentence with each style token alone."""
        if self.make_vocoder is None:
            return
        if self._decoder is None:
            self._decoder = decoder_of(trainer, model, self.make_vocoder)
        data = datamodule(trainer)
        prompt = prompt_of(trainer.strategy.batch_to_device(data.batch([index])))
        for token in range(model.style_tokens):
            controls = SynthesisControls(style_tokens={token: 1.0})
            spoken = prompt._replace(controls=controls)
            with seeded(1), trainer.precision_plugin.forward_context(), torch.no_grad():
                features = model.generate(spoken).features
            writer.add_audio(
                f"style_token/{token:02d}", waveform_of(self._decoder, features),
                trainer.global_step, data.facts.contract.sample_rate,
            )  # fmt: skip
