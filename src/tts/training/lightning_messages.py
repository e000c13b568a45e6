"""Suppression of Lightning warnings about deliberate choices."""

import logging
import warnings

DELIBERATE = (
    r".*does not have many workers.*",
    r".*The number of training batches .* is smaller than the logging interval.*",
    r".*`trainer\.fit\(weights_only=.*",
    r".*isinstance\(treespec, LeafSpec\).*",
    r".*resuming from a checkpoint that ended before the epoch ended.*",  # the datamodule resumes
    r".*GPU available but not used.*",
    r".*`self\.log\('metrics/.*sync_dist=True.*",  # the metrics are gathered over ranks already
    r".*Since DeepSpeed handles gradient clipping internally.*",
    r".*module\(s\) in eval mode at the start of training.*",  # frozen by train_only
)


def silence_lightning() -> None:
    """Suppress Lightning warnings about deliberate choices; all other warnings stay."""
    for message in DELIBERATE:
        warnings.filterwarnings("ignore", message=message)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
