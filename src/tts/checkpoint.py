"""Checkpoints and voices on disk: written atomically, read without executing anything in them.

A checkpoint is a dictionary of tensors and plain data. Besides Lightning's own keys it carries the
*card*: ``config`` (the resolved config of the run), ``facts`` (CorpusFacts.to_dict()) and
``frontend`` (Frontend.to_dict()), so that the file alone can rebuild the model and synthesize.

A *voice* is a run exported for synthesis: a folder with ``voice.json`` (the model's config, its mel
contract, speaking defaults, the SHA-256 of the weights and, for an acoustic model, facts and front
end) and ``weights.safetensors``. Either loads as a :class:`Run`, checked by :mod:`tts.trust` and
:mod:`tts.weights`, whoever wrote it.
"""

import hashlib
import os
import pickle
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import save
from torch import Tensor

from tts.build import build, build_model, model_arguments, takes_facts
from tts.contract import MelContract
from tts.corpus import CorpusFacts
from tts.errors import UserError, listed
from tts.files import FileError, atomic_path, write_bytes, write_json
from tts.parts import MODEL_NAMES
from tts.plain_data import PlainData, PlainDataError, quoted, read_json, short
from tts.project_files import VOICES, bundled, to_path
from tts.trust import locate, require_trusted
from tts.weights import (
    CheckpointError,
    add_axes,
    bounded_by,
    read_safetensors,
    require_intact,
    require_same_shapes,
    require_uncompressed,
    require_usable,
    sha256,
)

CARD = ("config", "facts", "frontend")
VOICE, WEIGHTS = "voice.json", "weights.safetensors"
RUN_CONFIG = "config.yaml"
FORMAT = 2  # of voice.json; 1 had no SHA-256 of the weights
AVERAGED = "average.module."  # prefix of a training's averaged weights


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
    about: PlainData = {}  # noqa: RUF012  # of a voice: its origin and its license

    def model_factory(self) -> Any:
        """Return what makes the model that the config describes, called as its class asks."""
        try:
            return build(model_arguments(self.config["model"]), str(self.path))
        except (TypeError, ValueError) as error:
            raise self._unfit(error) from error

    def model_class(self) -> Any:
        """Return the class that the model's config names."""
        return locate(self.config["model"]["_target_"], str(self.path), MODEL_NAMES)

    def build(self, **settings: object) -> Any:
        """Build the model with its weights; ``settings`` replace arguments of a vocoder.

        Raises CheckpointError for a config that does not describe the weights, before it allocates
        far more than they have.
        """
        factory = self.model_factory()
        try:
            made = partial(factory, **settings) if settings else factory
            source = self.require_facts() if takes_facts(made) else self.contract
            with bounded_by(self.weights, str(self.path)):
                model = build_model(made, source)
            require_same_shapes(model, self.weights, str(self.path))
            model.load_state_dict(self.weights)
        except UserError:
            raise
        except Exception as error:  # a constructor can raise anything
            raise self._unfit(error) from error
        return model

    def describe(self) -> str:
        """Return what the model is: an acoustic model, or the ``kind`` that its class states."""
        usual = "a vocoder or a codec" if is_vocoder(self.config) else "an acoustic model"
        return str(getattr(self.model_class(), "kind", usual))

    def _unfit(self, error: Exception) -> CheckpointError:
        return CheckpointError(f"{self.path}: its config does not fit its model: {short(error)}")

    def require_facts(self) -> CorpusFacts:
        """Return the corpus facts.

        Raises CheckpointError for the voice of a vocoder or a codec, which has none.
        """
        if self.facts is None or self.frontend is None:
            raise CheckpointError(f"{self.path} is {self.describe()}; give an acoustic model")
        return self.facts


def save_atomic(checkpoint: PlainData, path: str | os.PathLike[str]) -> None:
    """Write to a temporary name in the folder of ``path``, flush to the disk, rename.

    A kill or a full disk at any moment leaves the earlier file at ``path`` untouched.
    """
    path = Path(path)
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            torch.save(checkpoint, file)
    except FileError as error:
        kept = "; the earlier file is untouched" if path.exists() else ""
        raise CheckpointError(f"cannot write {error}{kept}") from error


def load_checkpoint(path: str | os.PathLike[str], *, mmap: bool = False) -> PlainData:
    """Return a checkpoint file's dictionary, on the CPU; nothing in it is executed.

    Its config is not checked: :func:`load_run` and :func:`require_card` do that. ``mmap`` leaves
    the tensors on the disk until they are read: cheap when only the card counts. Raises
    CheckpointError naming the file when it is missing, damaged, foreign, or holds more than tensors
    and plain data.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}")
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PK\x03\x04":  # torch.save writes a zip archive
                raise CheckpointError(f"{path} is not a checkpoint")
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror})") from error
    if mmap:
        require_uncompressed(path)
    else:
        require_intact(path)
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
    if isinstance(weights := checkpoint.get("state_dict"), dict):
        add_axes(weights, checkpoint.get("optimizer_states"))
    return checkpoint


def require_card(checkpoint: PlainData, path: str | os.PathLike[str]) -> CorpusFacts:
    """Check the card of a checkpoint or bundle, and return its facts.

    Raises a UserError that names the file and the field: CheckpointError for a card that is
    incomplete, PlainDataError for one that is ill-typed, TrustError for one that names other
    classes than :mod:`tts.trust` accepts.
    """
    if missing := [key for key in CARD if key not in checkpoint]:
        raise CheckpointError(
            f"{path} was not written by this codebase's train.py: it lacks {', '.join(missing)}"
        )
    config = checkpoint["config"]
    require_trusted(config, f"{path}, config")
    _require_model(config, f"{path}, config")
    require_trusted(checkpoint["frontend"], f"{path}, frontend")
    if not isinstance(checkpoint["frontend"], dict):
        raise CheckpointError(f"{path}, frontend: expected a section")
    return CorpusFacts.from_dict(checkpoint["facts"], f"{path}, facts")


def find_checkpoint(run: str | os.PathLike[str], names: tuple[str, ...] = ("best", "last")) -> Path:
    """Return a run folder's first checkpoint of these names, or ``run`` itself if it is a file."""
    run = to_path(run)
    if run.name in (VOICE, WEIGHTS):
        raise CheckpointError(f"{run} is a file of a voice: give its folder, {run.parent}")
    if run.is_file():
        return run
    if not run.is_dir():
        voices = ", ".join(f"{VOICES.name}/{path.name}" for path in sorted(VOICES.glob("*/")))
        raise CheckpointError(
            f"{run} does not exist: give a run or a voice. Voices of the project: {voices}"
        )
    for name in names:
        for folder in (run / "checkpoints", run):
            if (path := folder / f"{name}.ckpt").is_file():
                return path
    raise CheckpointError(f"{run} {_what_it_lacks(run, names)}")


def _what_it_lacks(folder: Path, names: tuple[str, ...]) -> str:
    """Return why a folder without checkpoints is not what a command needs."""
    if (folder / VOICE).is_file():
        return "is a voice, which has no checkpoints: give a run, or start from it with init_from="
    if (folder / WEIGHTS).is_file():
        return f"holds a voice without {VOICE}: {VOICE} is missing; copy the voice again"
    if any((folder / name).exists() for name in (RUN_CONFIG, "checkpoints", ".hydra")):
        return f"has no checkpoint {' or '.join(names)}.ckpt yet"
    # a multirun or experiment folder: list the runs in it
    runs = sorted({str(path.parents[1]) for path in folder.glob("*/checkpoints/*.ckpt")})
    voices = sorted(str(path.parent) for path in folder.glob(f"*/{VOICE}"))
    held = [f"the {kind} {listed(f)}" for kind, f in (("runs", runs), ("voices", voices)) if f]
    hint = f"; it holds {' and '.join(held)}" if held else ""
    return f"is neither a run nor a voice{hint}"


def load_run(path: str | os.PathLike[str]) -> Run:
    """Load a run folder (its best checkpoint, else its last), a checkpoint file, or a voice.

    ``voices/NAME`` is a voice of the project where the current folder has none.

    Raises CheckpointError naming the file and the field, TrustError for a class not to be built.
    """
    place = require_run(path)
    try:
        return load_voice(place) if (place / VOICE).exists() else _load_training(place)
    except PlainDataError as error:
        raise CheckpointError(str(error)) from error


def require_run(path: str | os.PathLike[str]) -> Path:
    """Return the folder of a voice or the checkpoint of a run, without loading it.

    Raises CheckpointError where there is none.
    """
    path = bundled(path)
    if path.suffix.lower() == ".onnx":
        raise CheckpointError(f"{path} is a voice in ONNX, which can only speak: use synthesize")
    return path if (path / VOICE).exists() else find_checkpoint(path)


def _load_training(file: Path) -> Run:
    checkpoint = load_checkpoint(file)
    facts = require_card(checkpoint, file)
    state = checkpoint.get("state_dict")
    if not isinstance(state, dict):
        raise CheckpointError(f"{file}: its state_dict is missing or not a mapping")
    # averaged weights, where a training keeps them, synthesize better than the last ones
    averaged = any(isinstance(key, str) and key.startswith(AVERAGED) for key in state)
    weights = part_of(AVERAGED if averaged else "model.", state)
    require_usable(weights, str(file))
    try:
        weights = fold_weights(weights)
    except (KeyError, RuntimeError) as error:
        raise CheckpointError(f"{file}: its normalized weights are incomplete") from error
    require_usable(weights, str(file))
    step = _step(checkpoint.get("global_step", 0), f"{file}, global_step")
    return Run(
        file, checkpoint["config"], facts.contract, facts, checkpoint["frontend"], weights, step
    )


def is_vocoder(config: PlainData) -> bool:
    """Return whether a run's model is a vocoder or a codec: made from mel settings alone.

    It can be a class of a trusted package. Raises TrustError for a class that is not trusted.
    """
    model = locate(config["model"]["_target_"], "the config", MODEL_NAMES)
    # a class that collects the choices of an acoustic model is called with the facts later
    return not (takes_facts(model) or takes_facts(model.__call__))


def save_voice(
    run: Run, folder: str | os.PathLike[str], about: PlainData, half: bool = False
) -> None:
    """Write a run as a voice; ``about`` is plain data on its origin.

    ``half``: store matrices in 16 bits, half the size; loading converts them back to 32.
    """
    folder = Path(folder)
    kept = {
        name: (tensor.half() if half and tensor.ndim > 1 else tensor).contiguous()
        for name, tensor in run.weights.items()
    }
    content = save(kept)
    card = {
        "format": FORMAT,
        "sha256": hashlib.sha256(content).hexdigest(),  # of the weights
        "config": {"model": model_arguments(run.config["model"])},
        "contract": run.contract.to_dict(),
        "speaking": run.speaking,
        "facts": run.facts and run.facts.to_dict(),
        "frontend": run.frontend,
        "step": run.step,
        "about": about,
    }
    write_bytes(folder / WEIGHTS, content)
    write_json(folder / VOICE, card)


def load_voice(folder: str | os.PathLike[str]) -> Run:
    """Load a voice's folder.

    Raises a UserError that names the file, and the field of ``voice.json`` or the weight.
    """
    folder = Path(folder)
    file, where = folder / VOICE, str(folder / VOICE)
    card = read_json(file)
    if not isinstance(card, dict):
        raise CheckpointError(f"{file}: expected a mapping, not {quoted(card)}")
    for name in ("format", "config", "contract", "speaking", "step"):
        if name not in card:
            raise CheckpointError(f"{file}: the field {name} is missing")
    if type(card["format"]) is not int or card["format"] not in (1, FORMAT):
        raise CheckpointError(
            f"{file}: format {quoted(card['format'])} is not known; choose from 1, {FORMAT}"
        )
    for name in ("config", "speaking"):
        if not isinstance(card[name], dict):
            raise CheckpointError(f"{file}, {name}: expected a section, not {quoted(card[name])}")
    require_trusted({name: value for name, value in card.items() if name != "config"}, where)
    require_trusted(card["config"], f"{where}, config", MODEL_NAMES)
    _require_model(card["config"], f"{where}, config")
    config = {"model": card["config"]["model"]}
    contract = MelContract.from_dict(card["contract"], f"{where}, contract")
    facts = None
    if card.get("facts") is not None:
        facts = CorpusFacts.from_dict(card["facts"], f"{where}, facts")
    step = _step(card["step"], f"{where}, step")
    frontend, speaking = card.get("frontend"), card["speaking"]
    if frontend is not None and not isinstance(frontend, dict):
        raise CheckpointError(f"{where}, frontend: expected a section, not {quoted(frontend)}")
    weights = _voice_weights(folder / WEIGHTS, card.get("sha256"), required=card["format"] != 1)
    about = card.get("about") or {}
    if not isinstance(about, dict):
        raise CheckpointError(f"{where}, about: expected a section, not {quoted(about)}")
    return Run(folder, config, contract, facts, frontend, weights, step, speaking, about)


def _voice_weights(path: Path, digest: object, required: bool) -> dict[str, Tensor]:
    """Return a voice's weights in 32 bits. ``digest``: their SHA-256, None = not known."""
    weights = read_safetensors(path)
    add_axes(weights)
    require_usable(weights, str(path))
    if (required or digest is not None) and sha256(path) != digest:
        raise CheckpointError(
            f"{path} is damaged, or belongs to another {VOICE}: its SHA-256 is not the one that "
            f"{path.with_name(VOICE)} names; copy both files again"
        )
    return {n: w.float() if w.dtype == torch.float16 else w for n, w in weights.items()}


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


def _require_model(config: object, where: str) -> None:
    model = config.get("model") if isinstance(config, dict) else None
    if not isinstance(model, dict) or "_target_" not in model:
        raise CheckpointError(f"{where}: has no section model with a _target_")


def _step(value: object, where: str) -> int:
    if type(value) is not int or value < 0:
        raise CheckpointError(f"{where}: expected a whole number, not {quoted(value)}")
    return value


def part_of(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights whose names begin with ``prefix``, without it."""
    found = {k: v for k, v in state.items() if isinstance(k, str) and k.startswith(prefix)}
    return {k.removeprefix(prefix): v for k, v in found.items()}
