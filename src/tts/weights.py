"""Weights from elsewhere: intact, finite, and no larger than the file that holds them."""

import errno
import hashlib
import math
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.overrides import TorchFunctionMode

from tts.errors import UserError
from tts.files import disk_error, file_error
from tts.plain_data import short

DTYPES = (  # of weights and of counts beside them
    torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32,
    torch.int16, torch.int8, torch.uint8, torch.bool,
)  # fmt: skip
# parameters that had the shape () once, which FSDP cannot shard, by the end of their names
FORMER_SCALARS = ("memory_position_scale", "stopping.threshold")
COPY = "copy it again, or use another checkpoint of its run"


class CheckpointError(UserError):
    """A checkpoint that cannot be written, or that is missing, damaged or not trusted."""


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file. Raises CheckpointError naming it."""
    try:
        if path.exists() and not path.is_file():  # a pipe or device need not end
            raise OSError("not a file")
        return load_file(path)
    except Exception as error:  # a damaged header can raise anything
        cause = disk_error(error)
        if cause is not None and cause.errno in (errno.EMFILE, errno.ENFILE, errno.EACCES):
            raise file_error(cause, path) from error
        raise CheckpointError(
            f"{path} is missing or damaged ({short(error)}); copy it again"
        ) from error


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_intact(path: Path) -> None:
    """Raise CheckpointError naming the part of a torch file whose checksum is wrong.

    torch compares no checksums when it reads.
    """
    with _archive(path) as archive:
        damaged = archive.testzip()
    if damaged is not None:
        raise CheckpointError(f"{path} is damaged in {short(damaged)}; {COPY}")


def require_uncompressed(path: Path) -> None:
    """Raise CheckpointError for a torch file that unpacks to more than its own size.

    torch writes none, and reads them to the end. Only the list of the file's parts is read.
    """
    with _archive(path):
        pass


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            if any(part.compress_type != zipfile.ZIP_STORED for part in archive.infolist()):
                raise CheckpointError(f"{path} is compressed, as no checkpoint is; copy it again")
            yield archive
    except CheckpointError:
        raise
    except Exception as error:  # a damaged archive can raise anything
        raise CheckpointError(f"{path} is truncated or damaged; {COPY}") from error


def add_axes(weights: dict[Any, Any], optimizers: object = None) -> None:
    """Give the ``FORMER_SCALARS`` of older weights the shape ``(1,)``, in place.

    ``optimizers``: the states of the optimizers beside these weights. Where a weight changes, all
    their values without an axis but the counts of steps belong to such weights, and change too.
    """
    former = {
        name: weight[None]
        for name, weight in weights.items()
        if isinstance(weight, Tensor) and not weight.ndim and str(name).endswith(FORMER_SCALARS)
    }
    weights.update(former)
    if former:
        _add_axes(optimizers)


def _add_axes(state: object) -> None:
    if isinstance(state, list):
        for part in state:
            _add_axes(part)
    elif isinstance(state, dict):
        for name, value in state.items():
            if name in ("step", "param_groups"):
                continue
            if isinstance(value, Tensor) and not value.ndim:
                state[name] = value[None]
            else:
                _add_axes(value)


def require_usable(weights: object, where: str) -> None:
    """Raise CheckpointError unless ``weights`` maps names to dense, finite tensors on the CPU."""
    if not isinstance(weights, Mapping):
        raise CheckpointError(f"{where}: the weights are not a mapping of tensors")
    for name, tensor in weights.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise CheckpointError(f"{where}: the weight {short(name)} is not a tensor")
        dense = tensor.layout == torch.strided and tensor.device.type == "cpu"
        # an expanded tensor claims more values than its file holds
        if not dense or tensor.untyped_storage().nbytes() < tensor.numel() * tensor.element_size():
            raise CheckpointError(f"{where}: the weight {short(name)} is not a dense tensor")
        if tensor.dtype not in DTYPES:
            raise CheckpointError(f"{where}: the weight {short(name)} has the type {tensor.dtype}")
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            count = int((~torch.isfinite(tensor)).sum())
            raise CheckpointError(
                f"{where}: {count} of {tensor.numel()} values of the weight {short(name)} are NaN "
                "or infinite; use an earlier checkpoint"
            )


def require_same_shapes(
    model: nn.Module,
    weights: Mapping[str, Tensor],
    where: str,
    whose: str = "the model of its config",
) -> None:
    """Raise CheckpointError naming the first weight that only one side has, or of another shape.

    ``whose``: what the model is, for the message.
    """
    expected = model.state_dict()
    for name in [*expected, *weights]:
        ours, theirs = expected.get(name), weights.get(name)
        if ours is None or theirs is None:
            has, lacks = ("file", "model") if ours is None else ("model", "file")
            problem = f"the {has} has the weight {short(name)} and the {lacks} has not"
        elif ours.shape != theirs.shape:
            shapes = f"{tuple(theirs.shape)} in the file and {tuple(ours.shape)} in the model"
            problem = f"the weight {short(name)} has the shape {shapes}"
        else:
            continue
        raise CheckpointError(f"{where}: its weights do not fit {whose}: {problem}")


@contextmanager
def bounded_by(weights: Mapping[str, Tensor], where: str) -> Iterator[None]:
    """Raise CheckpointError when a model built inside gets far larger than ``weights``.

    A config can ask for terabytes, or for a billion layers. The tensors are counted before they are
    allocated.
    """
    limit = _Limit(weights, where)
    handles = [
        register_module_parameter_registration_hook(limit.count_part),
        register_module_module_registration_hook(limit.count_part),
    ]
    try:
        with limit:
            yield
    finally:
        for handle in handles:
            handle.remove()


SIZED = (
    "empty", "zeros", "ones", "rand", "randn", "full", "eye", "new_empty", "new_zeros", "new_ones",
    "new_full",
)  # fmt: skip
SPANS = ("arange", "linspace", "logspace", "randperm", "hann_window", "hamming_window")


class _Limit(TorchFunctionMode):
    """Counts the parts of a model, and the values of tensors that torch is asked for."""

    def __init__(self, weights: Mapping[str, Tensor], where: str) -> None:
        super().__init__()
        self.where = where
        self.thread = threading.get_ident()  # hooks see the modules of all threads
        # a part can be replaced while a model is built, and windows and filters are no weights
        self.parts = 16 * len(weights) + 256
        self.values = 4 * sum(tensor.numel() for tensor in weights.values()) + 2**25

    def count_part(self, *_: object) -> None:
        if threading.get_ident() == self.thread:
            self.parts -= 1
            self._check()

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name in SIZED or name in SPANS:
            self.values -= _requested(name, args, kwargs or {})
            self._check()
        return func(*args, **(kwargs or {}))

    def _check(self) -> None:
        if self.parts < 0 or self.values < 0:
            raise CheckpointError(
                f"{self.where}: its config asks for a far larger model than its weights"
            )


def _requested(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> int:
    """Return how many values a call of torch's function ``name`` asks for."""
    given = [arg for arg in args if not isinstance(arg, Tensor)]
    if name in SPANS:
        numbers = [*given, kwargs.get("end", 0), kwargs.get("steps", 0)]
        return int(max(abs(n) for n in numbers if isinstance(n, int | float)))
    size = kwargs.get("size", given[0] if given and not isinstance(given[0], int) else given)
    return math.prod(int(n) for n in size)
