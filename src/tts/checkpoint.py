"""Checkpoints and voices on disk: written atomically, read without executing anything in them.

A checkpoint is a dictionary of tensors and plain data. Besides Lightning's own keys it carries the
*card*: ``config`` (the resolved config of the run), ``facts`` (CorpusFacts.to_dict()) and
``frontend`` (Frontend.to_dict()), so that the file alone can rebuild the model and synthesize.

A *voice* is a run exported for synthesis: a folder with ``voice.json`` (the model's config, its mel
contract, speaking defaults and, for an acoustic model, facts and front end) and
``weights.safetensors``. Either loads as a :class:`Run`.
"""

import errno
import json
import os
import pickle
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tts.build import build, model_arguments
from tts.contract import MelContract
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.plain_data import PlainData

CARD = ("config", "facts", "frontend")
VOICE, WEIGHTS = "voice.json", "weights.safetensors"
AVERAGED = "average.module."  # prefix of a training's averaged weights


class CheckpointError(UserError):
    """A checkpoint that cannot be written, or that is missing, damaged or not trusted."""


class Run(NamedTuple):
    """What a training leaves for synthesis."""

    path: Path  # the file read
    config: PlainData  # resolved; for a voice only the "model" section
    contract: MelContract
    facts: CorpusFacts | None  # None for a vocoder's voice
    frontend: PlainData | None  # None for a vocoder's voice
    weights: dict[str, Tensor]  # the model's state dict
    step: int  # optimizer steps taken
    # a voice's defaults: synthesis controls, or a vocoder's settings
    speaking: PlainData = {}  # noqa: RUF012

    def model_factory(self) -> Any:
        """Return what makes the model that the config describes, called as its class asks."""
        return build(model_arguments(self.config["model"]))

    def fill(self, model: nn.Module) -> None:
        """Load the weights into ``model``. Raises CheckpointError when they do not fit."""
        try:
            model.load_state_dict(self.weights)
        except RuntimeError as error:
            raise CheckpointError(
                f"{self.path}: its weights do not fit the model its config describes: {error}"
            ) from error

    def require_facts(self) -> CorpusFacts:
        """Return the corpus facts. Raises CheckpointError for a vocoder's voice, which has none."""
        if self.facts is None or self.frontend is None:
            raise CheckpointError(f"{self.path} is a vocoder; give an acoustic model")
        return self.facts


def save_atomic(checkpoint: PlainData, path: str | os.PathLike[str]) -> None:
    """Write to a temporary name in the folder of ``path``, flush to the disk, rename.

    A kill or a full disk at any moment leaves the earlier file at ``path`` untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        _flush_folder(path.parent)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if full := _disk_error(error):
            kept = f"; the earlier file {path} is untouched" if path.exists() else ""
            raise CheckpointError(f"cannot write {path}: {full}{kept}") from error
        raise


def load_checkpoint(path: str | os.PathLike[str], *, mmap: bool = False) -> PlainData:
    """Return a checkpoint file's dictionary, on the CPU; nothing in it is executed.

    ``mmap`` leaves the tensors on the disk until they are read: cheap when only the card counts.
    Raises CheckpointError naming the file when it is missing, truncated, foreign, or holds more
    than tensors and plain data.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}")
    with path.open("rb") as file:
        if file.read(4) != b"PK\x03\x04":  # torch.save writes a zip archive
            raise CheckpointError(f"{path} is not a checkpoint")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} was not loaded: it is damaged, or holds more than tensors and plain data, "
            "which would be unsafe to execute"
        ) from error
    except Exception as error:  # a damaged archive can raise anything
        raise CheckpointError(
            f"{path} is truncated or damaged: copy it again, or use another checkpoint of its run"
        ) from error
    if not isinstance(checkpoint, dict):
        raise CheckpointError(f"{path} is not a checkpoint: it holds a {type(checkpoint).__name__}")
    return checkpoint


def find_checkpoint(run: str | os.PathLike[str], names: tuple[str, ...] = ("best", "last")) -> Path:
    """Return a run folder's first checkpoint of these names, or ``run`` itself if it is a file."""
    run = Path(run)
    if run.is_file():
        return run
    if not run.is_dir():
        raise CheckpointError(f"there is no run {run}")
    for name in names:
        for folder in (run / "checkpoints", run):
            if (path := folder / f"{name}.ckpt").is_file():
                return path
    # a multirun or experiment folder: list the runs in it
    inside = sorted(str(path.parents[1]) for path in run.glob("*/checkpoints/*.ckpt"))
    hint = f"; it holds the runs {', '.join(dict.fromkeys(inside))}" if inside else ""
    raise CheckpointError(f"{run} has no checkpoint {' or '.join(names)}.ckpt yet{hint}")


def load_run(path: str | os.PathLike[str]) -> Run:
    """Load a run folder (its best checkpoint, else its last), a checkpoint file, or a voice."""
    if (Path(path) / VOICE).is_file():
        return load_voice(path)
    file = find_checkpoint(path)
    checkpoint = load_checkpoint(file)
    if missing := [key for key in (*CARD, "state_dict") if key not in checkpoint]:
        raise CheckpointError(
            f"{file} was not written by this codebase's train.py: it lacks {', '.join(missing)}"
        )
    state = checkpoint["state_dict"]
    # averaged weights, where a training keeps them, synthesize better than the last ones
    averaged = any(key.startswith(AVERAGED) for key in state)
    facts = _facts(checkpoint["facts"], file)
    return Run(
        file,
        checkpoint["config"],
        facts.contract,
        facts,
        checkpoint["frontend"],
        fold_weights(_under(AVERAGED if averaged else "model.", state)),
        int(checkpoint.get("global_step", 0)),
    )


def is_vocoder(config: PlainData) -> bool:
    """Return whether a run's model is a vocoder."""
    return str(config["model"]["_target_"]).startswith("tts.vocoders.")


def save_voice(
    run: Run, folder: str | os.PathLike[str], about: PlainData, half: bool = False
) -> None:
    """Write a run as a voice; ``about`` is plain data on its origin.

    ``half``: store matrices in 16 bits, half the size; loading converts them back to 32.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    card = {
        "format": 1,
        "config": {"model": model_arguments(run.config["model"])},
        "contract": run.contract.to_dict(),
        "speaking": run.speaking,
        "facts": run.facts and run.facts.to_dict(),
        "frontend": run.frontend,
        "step": run.step,
        "about": about,
    }
    temporary = folder / f".{WEIGHTS}"
    kept = {
        name: (tensor.half() if half and tensor.ndim > 1 else tensor).contiguous()
        for name, tensor in run.weights.items()
    }
    save_file(kept, temporary)
    os.chmod(temporary, 0o666 & ~_umask())
    os.replace(temporary, folder / WEIGHTS)
    (folder / VOICE).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")


def load_voice(folder: str | os.PathLike[str]) -> Run:
    """Load a voice's folder. Raises CheckpointError naming the file that is missing or damaged."""
    folder = Path(folder)
    try:
        card = json.loads((folder / VOICE).read_text(encoding="utf-8"))
        contract = MelContract.from_dict(card["contract"])
        config, step = dict(card["config"]), int(card["step"])
        speaking = dict(card["speaking"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{folder / VOICE} is missing or damaged ({error!r})") from error
    try:
        weights = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{folder / WEIGHTS} is missing or damaged ({error})") from error
    weights = {n: w.float() if w.dtype == torch.float16 else w for n, w in weights.items()}
    facts = None if card.get("facts") is None else _facts(card["facts"], folder / VOICE)
    return Run(folder, config, contract, facts, card.get("frontend"), weights, step, speaking)


def fold_weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict with weight normalization (Salimans & Kingma 2016) folded in."""
    gain, direction = (f"parametrizations.weight.original{n}" for n in (0, 1))
    folded = {}
    for key, value in state.items():
        if key.endswith(gain):
            stem = key.removesuffix(gain)
            folded[f"{stem}weight"] = torch._weight_norm(state[stem + direction], value, 0)
        elif not key.endswith(direction):
            folded[key] = value
    return folded


def _facts(values: PlainData, file: Path) -> CorpusFacts:
    try:
        return CorpusFacts.from_dict(values)
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{file}: its corpus facts are incomplete ({error!r})") from error


def _under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def _disk_error(error: BaseException) -> str | None:
    """Return the disk error behind an exception, or None; torch wraps it in a RuntimeError."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return f"{os.strerror(cause.errno).lower()}; free some space and resume"
        if isinstance(cause, OSError) and cause.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
            return os.strerror(cause.errno).lower()
        cause = cause.__cause__ or cause.__context__
    return None


def _flush_folder(folder: Path) -> None:
    """Flush a folder, so that a rename in it survives a power cut, where the system allows it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
