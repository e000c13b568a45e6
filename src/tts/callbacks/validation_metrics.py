"""Objective measures of what the model says by now, beside its losses."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from torch import nn

from tts.callbacks.samples import prompt_of, seeded
from tts.errors import UserError
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.measure import Measure
from tts.strategies.sharding import gather_full_model

PREFIX = "metrics/"
log = logging.getLogger(__name__)


class ValidationMetrics(pl.Callback):
    """Every ``every_n_validations`` the model says ``count`` validation sentences from their text
    alone, through ``vocoder``, and each of ``measures`` is logged as ``metrics/<name>``.

    Always the same sentences, spread over the validation set; each rank says its share. A turn is
    passed over while speaking and measuring have taken more than ``share`` of the training's time:
    the first is not. ``monitor=metrics/<name>`` chooses checkpoints by one.
    """

    def __init__(
        self,
        measures: Mapping[str, Measure | None],
        vocoder: Callable[..., nn.Module],
        count: int = 8,
        every_n_validations: int = 1,
        share: float = 0.1,
    ) -> None:
        if not 0 < share <= 1:
            raise UserError(f"callbacks.validation_metrics.share={share} must lie in (0, 1]")
        if vocoder is None:
            raise UserError(
                "callbacks.validation_metrics.vocoder=null: what is measured is heard; or panel=null"
            )
        self.measures = {name: m for name, m in measures.items() if m is not None}
        self.make_vocoder = vocoder
        self.count, self.every_n_validations, self.share = count, every_n_validations, share
        self._vocoder: nn.Module | None = None
        self._validations = 0
        self._began = time.monotonic()
        self._spent = 0.0  # seconds in here

    @property
    def directions(self) -> dict[str, bool | None]:
        """Whether higher is better, by the name that is logged."""
        return {PREFIX + name: m.higher_is_better for name, m in self.measures.items()}

    def state_dict(self) -> dict[str, Any]:
        return {"validations": self._validations}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._validations = state_dict["validations"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._began, self._spent = time.monotonic(), 0.0

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        self._validations += 1
        began = time.monotonic()
        affordable = self._spent <= self.share * (began - self._began)
        if self._validations % self.every_n_validations or not (
            # every rank does as the first, or they would wait for each other
            trainer.strategy.broadcast(affordable or not self._spent)
        ):
            return
        with gather_full_model(trainer, pl_module) as model:
            self._measure(trainer, pl_module, model)
        for name, measure in self.measures.items():
            value = float(measure.compute())
            measure.reset()
            if value == value:  # what could not be measured is not logged
                pl_module.log(PREFIX + name, value, rank_zero_only=False, sync_dist=False)
        self._spent += time.monotonic() - began

    def _measure(self, trainer: pl.Trainer, system: Any, model: Any) -> None:
        """This rank's sentences into the measures."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        part = data.dataset("validation")
        contract = data.facts.contract
        if self._vocoder is None:
            self._vocoder = self.make_vocoder(contract)
            parts = (data.dataset("train"), part)
            texts = [row.normalized for each in parts for row in each.rows]
            for measure in self.measures.values():
                measure.prepare(texts)
        count = min(self.count, len(part))
        chosen = [n * len(part) // count for n in range(count)]
        for index in chosen[trainer.global_rank :: trainer.world_size]:
            batch = part[[index]]
            row = part.rows[index]
            there = trainer.strategy.batch_to_device(batch)
            # the same noise for a sentence at every step, whichever rank says it
            with seeded(index), trainer.precision_plugin.forward_context(), torch.no_grad():
                mel = model.generate(prompt_of(there)).mel.float().cpu()
                wave = self._vocoder(mel)[0].clamp(-1, 1).numpy()
            recording = EvaluationSample(part.audio(index).numpy(), contract)
            take = EvaluationSample(wave, contract, row.normalized, row.language, recording)
            for measure in self.measures.values():
                measure.to(system.device).update(take)
