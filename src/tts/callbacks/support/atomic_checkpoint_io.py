"""Checkpoint input and output for Lightning: atomic writes, safe loads."""

from pathlib import Path
from typing import Any

from lightning.pytorch.plugins.io import CheckpointIO

from tts.checkpoint import load_checkpoint, save_atomic
from tts.plain_data import PlainData


class AtomicCheckpointIO(CheckpointIO):
    """Writes a checkpoint completely or not at all, and loads without executing its contents."""

    def save_checkpoint(
        self, checkpoint: PlainData, path: Any, storage_options: Any | None = None
    ) -> None:
        save_atomic(checkpoint, path)

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = None
    ) -> PlainData:
        return load_checkpoint(path)

    def remove_checkpoint(self, path: Any) -> None:
        Path(path).unlink(missing_ok=True)
