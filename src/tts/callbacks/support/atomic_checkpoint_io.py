"""Checkpoint input and output for Lightning: atomic writes, safe loads."""

from pathlib import Path

from lightning.pytorch.plugins.io import CheckpointIO

from tts.checkpoint import load_checkpoint, save_atomic
from tts.plain_data import PlainData


class AtomicCheckpointIO(CheckpointIO):
    """Writes a checkpoint completely or not at all, and loads without executing its contents."""

    def save_checkpoint(
        self, checkpoint: PlainData, path: str | Path, storage_options: object = None
    ) -> None:
        save_atomic(checkpoint, path)

    def load_checkpoint(
        self, path: str | Path, map_location: object = None, weights_only: bool | None = None
    ) -> PlainData:
        return load_checkpoint(path)

    def remove_checkpoint(self, path: str | Path) -> None:
        Path(path).unlink(missing_ok=True)
