"""Last step of a run: what callbacks do once more at its end asks here whether it is reached."""

import lightning.pytorch as pl


def is_last_step(trainer: pl.Trainer) -> bool:
    """Return whether the run ends after the batch that it has just trained on, or validates for."""
    if trainer.should_stop or 0 <= trainer.max_steps <= trainer.global_step:
        return True
    epochs = trainer.max_epochs
    return (
        epochs not in (None, -1) and trainer.is_last_batch and trainer.current_epoch + 1 >= epochs
    )
