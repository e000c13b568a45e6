"""TensorBoard writers of a trainer."""

from collections.abc import Iterator

import lightning.pytorch as pl
from lightning.pytorch.loggers import TensorBoardLogger
from torch.utils.tensorboard import SummaryWriter


def tensorboard_writers(trainer: pl.Trainer) -> Iterator[SummaryWriter]:
    """Yield the writers of the TensorBoard loggers; none except on the first process."""
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger) and trainer.is_global_zero:
            yield logger.experiment
