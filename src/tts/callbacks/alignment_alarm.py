"""Alignment alarm: a warning and a picture when an alignment has not been found in time."""

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
ADVICE = {  # by the scalar that is too low
    "val/diagonality": "attention has not learned to read the text in order (%s). Raise "
    "model.attention_forcing or model.loss.weights.attention (without attention forcing: "
    "model.loss.weights.guided_attention or forward_sum), start with init_from=voices/kathleen, "
    "choose a larger model.frames_per_step, or check that the texts fit the recordings",
    "val/alignment_spread": "a few tokens, such as stress marks or spaces, take most frames (%s), "
    "and the speech will not be intelligible. Start with clean recordings of few speakers "
    "(init_from=voices/lj), or check that the texts and data.language fit the recordings",
}


class AlignmentAlarm(pl.Callback):
    """Warns when ``val/diagonality`` (attention) is below ``diagonality``, or
    ``val/alignment_spread`` (a learned aligner) below ``spread``, at a validation from optimizer
    step ``from_step`` on, and saves the alignment of a validation utterance to ``folder``.

    It warns once, and again after the scalar has been above in between.
    """

    priority = DEFAULT

    def __init__(
        self,
        folder: str | Path,
        diagonality: Share = 0.5,
        spread: Share = 0.5,
        from_step: Steps = 1000,
    ) -> None:
        self.folder, self.from_step = Path(folder), from_step
        self.least = {"val/diagonality": diagonality, "val/alignment_spread": spread}
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
        metric = next((name for name in self.least if name in trainer.callback_metrics), None)
        if trainer.sanity_checking or trainer.state.fn != "fit" or metric is None:
            return
        found, least = float(trainer.callback_metrics[metric]), self.least[metric]
        low = found < least and trainer.global_step >= self.from_step
        warn, self._warned = low and not self._warned, low
        if not warn or utterance is None:
            return
        with gather_full_model(trainer, pl_module) as model:
            path = self._save(trainer, cast(AcousticModel[Any], model), utterance)
        if trainer.is_global_zero:
            log.warning(
                f"step %d: %s %.2f is below %g: {ADVICE[metric]}",
                trainer.global_step, metric, found, least, path,
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
