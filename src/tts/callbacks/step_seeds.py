"""Randomness that depends on where training stands and on nothing before."""

import random
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch

from tts.callbacks.support.priority import FIRST


class StepSeeds(pl.Callback):
    """Seeds Python, NumPy and torch anew before every training batch, from (seed, rank, batch).

    A resumed run then draws the same dropout as one never cut, on every rank, though a checkpoint
    holds no generator's state; and how often a run validates or draws pictures changes nothing.
    """

    priority = FIRST

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        place = (self.seed, trainer.global_rank, trainer.fit_loop.total_batch_idx)
        for_python, for_numpy, for_torch = np.random.SeedSequence(place).generate_state(3)
        random.seed(int(for_python))
        np.random.seed(int(for_numpy))  # noqa: NPY002  libraries draw from the global one
        torch.manual_seed(int(for_torch))
