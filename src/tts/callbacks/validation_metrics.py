"""Validation metrics: objective measures of synthesized validation sentences."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

import lightning.pytorch as pl
import torch
from torch import nn

from tts.bounds import Count, PositiveShare
from tts.callbacks.samples import prompt_of
from tts.callbacks.support.datamodule import datamodule
from tts.callbacks.support.last_step import is_last_step
from tts.callbacks.support.priority import DEFAULT
from tts.callbacks.support.random_states import seeded
from tts.callbacks.support.waveforms import decoder_of, waveform_of
from tts.errors import UserError
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure
from tts.models.acoustic import AcousticModel
from tts.plain_data import PlainData
from tts.strategies.sharding import gather_full_model

PREFIX = "metrics/"
log = logging.getLogger(__name__)


class ValidationMetrics(pl.Callback):
    """Synthesizes ``count`` validation sentences from text with ``vocoder``, or with the codec of a
    model of codes, every ``every_n_validations``, and logs each of ``measures`` as
    ``metrics/<name>``.

    The sentences are always the same, spread over the validation set and over the ranks. After the
    first time, a validation is left out while synthesis and measuring have taken more than
    ``max_time_share`` of the training's time. The last validation of a run always measures.
    ``monitor=metrics/<name>`` selects checkpoints.
    """

    priority = DEFAULT

    def __init__(
        self,
        measures: Mapping[str, Measure | None],
        vocoder: Callable[..., nn.Module],
        count: Count = 8,
        every_n_validations: Count = 4,
        max_time_share: PositiveShare = 0.1,
    ) -> None:
        if not 0 < max_time_share <= 1:
            raise UserError(
                f"callbacks.validation_metrics.max_time_share={max_time_share} must be in (0, 1]"
            )
        if vocoder is None:
            raise UserError(
                "callbacks.validation_metrics.vocoder=null: the measures need audio. Choose a "
                "vocoder, or set callbacks.validation_metrics=null"
            )
        self.measures = {name: m for name, m in measures.items() if m is not None}
        self.make_vocoder = vocoder
        self.count, self.every_n_validations = count, every_n_validations
        self.max_time_share = max_time_share
        self._vocoder: nn.Module | None = None
        self._validations = 0
        self._began = time.monotonic()
        self._spent = 0.0  # seconds in this callback

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        """Whether higher is better, by logged name."""
        return {PREFIX + name: m.higher_is_better for name, m in self.measures.items()}

    def state_dict(self) -> PlainData:
        return {"validations": self._validations}

    def load_state_dict(self, state_dict: PlainData) -> None:
        self._validations = state_dict["validations"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._began, self._spent = time.monotonic(), 0.0

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        self._validations += 1
        began = time.monotonic()
        affordable = self._spent <= self.max_time_share * (began - self._began)
        if not is_last_step(trainer) and (
            self._validations % self.every_n_validations
            # the first rank decides for all: measuring is collective
            or not trainer.strategy.broadcast(affordable or not self._spent)
        ):
            return
        with gather_full_model(trainer, pl_module) as model:
            self._measure(trainer, pl_module, cast(AcousticModel[Any], model))
        for name, measure in self.measures.items():
            value = float(measure.compute())
            measure.reset()
            if not math.isnan(value):  # NaN: no sentence could be measured
                pl_module.log(PREFIX + name, value, rank_zero_only=False, sync_dist=False)
        self._spent += time.monotonic() - began

    def _measure(
        self, trainer: pl.Trainer, system: pl.LightningModule, model: AcousticModel[Any]
    ) -> None:
        """Update the measures with this rank's sentences."""
        data = datamodule(trainer)
        part = data.dataset("validation")
        contract = data.facts.contract
        if self._vocoder is None:
            self._vocoder = decoder_of(trainer, model, self.make_vocoder)
            parts = (data.dataset("train"), part)
            texts = [row.normalized for each in parts for row in each.rows]
            for measure in self.measures.values():
                measure.prepare(texts)
        count = min(self.count, len(part))
        chosen = [n * len(part) // count for n in range(count)]
        for index in chosen[trainer.global_rank :: trainer.world_size]:
            batch = data.batch([index])
            row = part.row(index)
            on_device = trainer.strategy.batch_to_device(batch)
            # the same noise for a sentence at every validation and on every rank
            with seeded(index), trainer.precision_plugin.forward_context(), torch.no_grad():
                features = model.generate(prompt_of(on_device)).features
                wave = waveform_of(self._vocoder, features).numpy()
            recording = EvaluationSample(part.audio(index).numpy(), contract)
            take = EvaluationSample(wave, contract, row.normalized, row.language, recording)
            for measure in self.measures.values():
                measure.to(system.device).update(take)
