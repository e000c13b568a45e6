"""Free running: validation utterances spoken from text alone, and how they go through it."""

from typing import Any, cast

import lightning.pytorch as pl
import torch

from tts.batch import Batch
from tts.bounds import Count
from tts.callbacks.samples import prompt_of
from tts.callbacks.support.datamodule import datamodule
from tts.callbacks.support.plots import alignment_figure
from tts.callbacks.support.priority import DEFAULT
from tts.callbacks.support.random_states import seeded
from tts.callbacks.support.tensorboard import tensorboard_writers
from tts.metrics.alignment import attention_failures, coverage, diagonality
from tts.models.acoustic import AcousticModel
from tts.strategies.sharding import gather_full_model

PREFIX = "val/spoken_"
DIRECTIONS = {
    "diagonality": True, "coverage": True, "skips": False, "repeats": False, "failures": False,
}  # fmt: skip


class FreeRunning(pl.Callback):
    """Speaks the first ``count`` validation utterances at every validation.

    A model that reads its text by attention can be good under teacher forcing and still get lost
    when it speaks. Logs ``val/spoken_diagonality``, ``_coverage``, ``_skips`` and ``_repeats`` (per
    utterance), and ``_failures``, the share of utterances whose first take skips, repeats or does
    not end, and draws the attention of the first one. Other models are left alone.
    """

    priority = DEFAULT

    def __init__(self, count: Count = 4) -> None:
        self.count = count
        self._batch: Batch | None = None
        self._reads = True  # whether the model does; known in setup

    @property
    def metric_directions(self) -> dict[str, bool | None]:
        """Whether higher is better, by logged name."""
        if not self._reads:
            return {}
        return {PREFIX + name: higher for name, higher in DIRECTIONS.items()}

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        self._reads = bool(getattr(pl_module.model, "reads", False))

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
            self._batch = batch

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        batch, self._batch = self._batch, None
        if trainer.sanity_checking or trainer.state.fn != "fit" or batch is None:
            return
        with gather_full_model(trainer, pl_module) as gathered:
            model = cast(AcousticModel[Any], gathered)
            if not model.reads:
                return
            prompt = prompt_of(first_rows(batch, self.count))
            with seeded(1), trainer.precision_plugin.forward_context(), torch.no_grad():
                reading = model.generate(prompt).reading
        assert reading is not None
        attention, steps = reading.attention.float(), reading.steps
        skips, repeats = attention_failures(attention, prompt.token_lengths, steps)
        scores = {
            "diagonality": diagonality(attention, prompt.token_lengths, steps),
            "coverage": coverage(attention, prompt.token_lengths, steps),
            "skips": skips, "repeats": repeats, "failures": reading.failed,
        }  # fmt: skip
        for name, values in scores.items():
            mean = values.float().mean().to(pl_module.device)
            pl_module.log(PREFIX + name, mean, sync_dist=True, batch_size=len(values))
        facts = datamodule(trainer).facts
        count, length = int(steps[0]), int(prompt.token_lengths[0])
        symbols = [facts.symbols[token] for token in prompt.tokens[0, :length].tolist()]
        for writer in tensorboard_writers(trainer):
            figure = alignment_figure(
                attention[0, :count, :length].cpu().numpy(), None, symbols,
                facts.contract_of(model.features).frames_per_second / reading.frames_per_step,
                f"spoken from text, diagonality {float(scores['diagonality'][0]):.2f}",
            )  # fmt: skip
            writer.add_figure("spoken_alignment", figure, trainer.global_step)


def first_rows(batch: Batch, count: int) -> Batch:
    """Return the first utterances of a batch, without the padding that the others need."""
    tokens = int(batch.token_lengths[:count].max())
    frames = int(batch.frame_lengths[:count].max())
    sizes = {"tokens": tokens, "durations": tokens}
    sizes |= dict.fromkeys(("mel", "pitch", "energy"), frames)
    parts = {name: value[:count] for name, value in batch._asdict().items() if value is not None}
    return Batch(**{name: v[:, : sizes[name]] if name in sizes else v for name, v in parts.items()})
