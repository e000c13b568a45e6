"""Errors of reading processes, raised in the training process as they are.

DataLoader puts the traceback of the reader into the message of the exception that it raises.
"""

from collections.abc import Sequence
from typing import Any

from torch._utils import ExceptionWrapper
from torch.utils.data import Dataset, get_worker_info

from tts.batch import Batch, Clips
from tts.errors import UserError


class _Failed(ExceptionWrapper):
    """What a reader returns instead of a batch; DataLoader calls :meth:`reraise` on it."""

    def __init__(self, error: UserError) -> None:
        super().__init__((type(error), error, None))
        self.error = error

    def reraise(self) -> None:
        raise self.error


class ReaderDataset(Dataset[Batch | Clips]):
    """A dataset whose UserErrors keep their message on the way from a reading process."""

    def __init__(self, dataset: Dataset[Batch | Clips]) -> None:
        self.dataset = dataset

    def __getitem__(self, indices: Sequence[Any]) -> Any:
        try:
            return self.dataset[indices]
        except UserError as error:
            if get_worker_info() is None:
                raise
            return _Failed(error)
