"""Step seeds: random states that depend on the position in training alone."""

import random

import lightning.pytorch as pl
import numpy as np
import torch

from tts.callbacks.support.priority import FIRST


class StepSeeds(pl.Callback):
    """Seeds Python, NumPy and torch before every training batch, from (seed, rank, batch).

    Checkpoints hold no random states: a resumed run has the same dropout as an uninterrupted one on
    every rank, and neither validation nor samples change it.
    """

    priority = FIRST

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: object, batch_idx: int
    ) -> None:
        position = (self.seed, trainer.global_rank, trainer.fit_loop.total_batch_idx)
        for_python, for_numpy, for_torch = np.random.SeedSequence(position).generate_state(3)
        random.seed(int(for_python))
        np.random.seed(int(for_numpy))  # noqa: NPY002  libraries use the global generator
        torch.manual_seed(int(for_torch))
