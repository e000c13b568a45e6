"""Alignment alarm: a warning and a picture when attention has not found the diagonal in time."""

import logging
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import lightning.pytorch as pl
import torch

from tts.batch import Batch
from tts.bounds import Share, Steps
from tts.callbacks.samples import one_row
from tts.callbacks.support.datamodule import datamodule
from tts.callbacks.support.plots import alignment_figure
from tts.callbacks.support.priority import DEFAULT
from tts.files import write_bytes
from tts.metrics.alignment import diagonality
from tts.models.acoustic import AcousticModel
from tts.plain_data import PlainData
from tts.strategies.sharding import gather_full_model

log = logging.getLogger(__name__)
METRIC = "val/diagonality"


class AlignmentAlarm(pl.Callback):
    """Warns when ``val/diagonality`` is below ``diagonality`` at a validation from optimizer step
    ``from_step`` on, and saves the alignment of a validation utterance to ``folder``.

    It warns once, and again after the diagonality has been above in between.
    """

    priority = DEFAULT

    def __init__(
        self, folder: str | Path, diagonality: Share = 0.5, from_step: Steps = 3000
    ) -> None:
        self.folder, self.diagonality, self.from_step = Path(folder), diagonality, from_step
        self._warned = False
        self._utterance: Batch | None = None

    def state_dict(self) -> PlainData:
        return {"warned": self._warned}

    def load_state_dict(self, state_dict: PlainData) -> None:
        self._warned = state_dict["warned"]

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if batch_idx == 0:
            self._utterance = one_row(batch, 0)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        utterance, self._utterance = self._utterance, None
        found = trainer.callback_metrics.get(METRIC)
        if trainer.sanity_checking or trainer.state.fn != "fit" or found is None:
            return
        low = float(found) < self.diagonality and trainer.global_step >= self.from_step
        warn, self._warned = low and not self._warned, low
        if not warn or utterance is None:
            return
        with gather_full_model(trainer, pl_module) as model:
            path = self._save(trainer, cast(AcousticModel[Any], model), utterance)
        if trainer.is_global_zero:
            log.warning(
                "step %d: diagonality %.2f is below %g: attention has not learned to read the text "
                "in order (%s). Raise model.loss.weights.guided_attention or forward_sum, choose "
                "model/cross_attention=monotonic or a larger model.frames_per_step, or check that "
                "the texts fit the recordings",
                trainer.global_step, float(found), self.diagonality, path,
            )  # fmt: skip

    def _save(self, trainer: pl.Trainer, model: AcousticModel[Any], batch: Batch) -> Path:
        """Draw the utterance's alignment under teacher forcing; return the picture's path."""
        data = datamodule(trainer)
        with trainer.precision_plugin.forward_context(), torch.no_grad():
            found = model.diagnostics(model(batch))
        assert found.log_attention is not None
        soft = found.log_attention.float().exp()
        score = float(diagonality(soft, batch.token_lengths, found.frame_lengths(batch)))
        rate = data.facts.contract_of(model.features).frames_per_second
        symbols = [data.facts.symbols[token] for token in batch.tokens[0].tolist()]
        name = data.utterance_id(int(batch.utterance), "validation")  # type: ignore[arg-type]
        figure = alignment_figure(
            soft[0].cpu().numpy(), None, symbols, rate,
            f"{name}, step {trainer.global_step}, diagonality {score:.2f}",
        )  # fmt: skip
        path = self.folder / f"step-{trainer.global_step}.png"
        if trainer.is_global_zero:
            content = BytesIO()
            figure.savefig(content, dpi=110)
            self.folder.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content.getvalue())
        return path
