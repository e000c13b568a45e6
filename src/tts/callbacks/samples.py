"""What the model says by now: pictures and audio of always the same validation utterances."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn

from tts.batch import Batch, Prompt, Sampling
from tts.callbacks.support.periodic_validation import PeriodicValidation, tensorboard_writers
from tts.callbacks.support.plots import (
    alignment_picture,
    mel_picture,
    pitch_picture,
    variance_picture,
)
from tts.errors import UserError
from tts.metrics.alignment import diagonality
from tts.strategies.sharding import gather_full_model


class Samples(PeriodicValidation):
    """Every ``every_n_validations``, for ``count`` utterances spread over the validation set:

    - ``mel/``: the recording, what the model predicts with the recording's own prosody, and what
      it says by itself from the text;
    - ``alignment/``: soft and hard, with the diagonality of the soft one in the title;
    - ``pitch/``: predicted beside real, per token;
    - ``audio/``: the recording's mel and the model's own through the same ``vocoder``, a factory
      called with the mel contract (None: no audio), so that what is heard is the model; of a model
      that draws, the first utterance with each of ``steps`` besides;
    - ``global_variance``: how much each mel band moves, in the recordings and in what is said.

    Needs TensorBoard among the loggers; a model that lacks a part of this leaves it out.
    """

    def __init__(
        self,
        count: int = 3,
        every_n_validations: int = 4,
        vocoder: Callable[..., nn.Module] | None = None,
        steps: Sequence[int] = (1, 2, 4, 10),
    ) -> None:
        super().__init__(count, every_n_validations)
        self.steps = list(steps)
        self.make_vocoder = vocoder
        self._vocoder: nn.Module | None = None
        self._rows: list[Batch] = []  # of one utterance each

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        if getattr(data, "clips", None) is not None:
            raise UserError(
                "callbacks=default is for models that speak; of a vocoder: callbacks=vocoder, or "
                "callbacks=[vocoder,...] with others"
            )

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        if not self.due(trainer):
            return
        # the validation set comes in the same order every time, so these are the same each time
        batches = int(sum(trainer.num_val_batches))
        wanted = [n * batches // self.count for n in range(self.count)].count(batch_idx)
        for row in range(min(wanted, len(batch.tokens))):
            self._rows.append(one_row(batch, row))

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_validation_epoch_end(trainer, pl_module)
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        rows, self._rows = self._rows, []
        if not rows:  # not this time
            return
        with gather_full_model(trainer, pl_module) as model:
            for board in tensorboard_writers(trainer):
                self._show_all(board, trainer, model, rows)

    def _show_all(self, board: Any, trainer: pl.Trainer, model: Any, rows: list[Batch]) -> None:
        shown = [self._show(board, trainer, model, batch) for batch in rows]
        variances = {
            title: np.mean([mels[title].var(0) for mels in shown], 0) for title in shown[0]
        }
        board.add_figure("global_variance", variance_picture(variances), trainer.global_step)
        if self._vocoder is not None and getattr(model, "flow", None) is not None:
            self._play_steps(board, trainer, model, rows[0])

    def _show(
        self, board: Any, trainer: pl.Trainer, model: Any, batch: Batch
    ) -> dict[str, np.ndarray]:
        """One utterance; its mels ``(T, M)`` by title."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        contract = data.facts.contract
        rate, step = contract.frames_per_second, trainer.global_step
        assert batch.utterance is not None
        assert batch.mel is not None
        name = data.utterance_id(int(batch.utterance), "validation")
        with seeded(1), trainer.precision_plugin.forward_context(), torch.no_grad():
            output = model(batch)
            spoken = model.generate(prompt_of(batch)).mel

        mels = {
            "recording": batch.mel,
            "predicted, with the prosody of the recording": output.mel,
            "said, from the text alone": spoken,
        }
        shown = {title: mel[0].float().cpu().numpy() for title, mel in mels.items()}
        board.add_figure(f"mel/{name}", mel_picture(shown, rate), step)

        targets = getattr(output, "targets", None)
        if targets is not None:
            durations = targets.durations[0].cpu().numpy()
            soft, title = _soft_alignment(output, batch)
            symbols = [data.facts.symbols[token] for token in batch.tokens[0].tolist()]
            picture = alignment_picture(soft, durations, symbols, rate, f"{name}{title}")
            board.add_figure(f"alignment/{name}", picture, step)
            tracks = {"real": targets.pitch, "predicted": output.prosody.pitch}
            pitch = {title: track[0].float().cpu().numpy() for title, track in tracks.items()}
            board.add_figure(f"pitch/{name}", pitch_picture(pitch, durations, rate), step)

        if self.make_vocoder is not None:
            if self._vocoder is None:
                self._vocoder = self.make_vocoder(contract=contract)
            if self.first_time(name):
                self._play(board, f"audio/{name}/recording", batch.mel, contract.sample_rate, step)
            self._play(board, f"audio/{name}/said", spoken, contract.sample_rate, step)
        return shown

    def _play_steps(self, board: Any, trainer: pl.Trainer, model: Any, batch: Batch) -> None:
        """The same words and the same noise, with few and with many steps of the solver."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        name = data.utterance_id(int(batch.utterance), "validation")  # type: ignore[arg-type]
        for steps in self.steps:
            prompt = prompt_of(batch)._replace(sampling=Sampling(steps=steps))
            with seeded(1), trainer.precision_plugin.forward_context(), torch.no_grad():
                mel = model.generate(prompt).mel
            tag = f"audio/{name}/said in {steps} step{'s' * (steps != 1)}"
            self._play(board, tag, mel, data.facts.contract.sample_rate, trainer.global_step)

    def _play(self, board: Any, tag: str, mel: Tensor, sample_rate: int, step: int) -> None:
        assert self._vocoder is not None
        with torch.no_grad():
            wave = self._vocoder(mel.float().cpu())[0].clamp(-1, 1)
        board.add_audio(tag, wave, step, sample_rate)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from ``seed`` inside, and leave the generator as it was."""
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)


def one_row(batch: Batch, row: int) -> Batch:
    """One utterance of a batch as a batch of its own, without padding."""
    tokens, frames = int(batch.token_lengths[row]), int(batch.frame_lengths[row])
    lengths = {"tokens": tokens, "durations": tokens}
    lengths |= dict.fromkeys(("mel", "codes", "pitch", "energy"), frames)
    parts = {}
    for name, value in batch._asdict().items():
        if value is not None:
            part = value[row : row + 1]
            parts[name] = part[:, : lengths[name]] if name in lengths else part
    return Batch(**parts)


def prompt_of(batch: Batch) -> Prompt:
    """The words and the voice of a batch, without its prosody."""
    return Prompt(
        batch.tokens,
        batch.token_lengths,
        speaker=batch.speaker,
        language=batch.language,
        reference=batch.mel,
        reference_lengths=batch.frame_lengths,
    )


def _soft_alignment(output: Any, batch: Batch) -> tuple[Any, str]:
    """``(T, N)`` probabilities and a title that says how diagonal they are; None if given."""
    if output.log_attention is None:
        return None, ", durations given"
    soft = output.log_attention.float().exp()
    score = float(diagonality(soft, batch.token_lengths, batch.frame_lengths))
    return soft[0].cpu().numpy(), f", diagonality {score:.2f}"
