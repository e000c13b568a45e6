"""Reading other houses' files, and checking that what comes out of them speaks."""

import json
import pickle
from pathlib import Path
from typing import Any

import torch
import yaml
from omegaconf import DictConfig
from safetensors import SafetensorError
from safetensors.torch import load_file

from tts.build import build
from tts.checkpoint import CheckpointError, Run, save_voice
from tts.errors import UserError
from tts.vocoders.pretrained import PretrainedFormatError, convert

SETTINGS = ("config.json", "config.yaml")
WEIGHTS = ("generator.pt", "bigvgan_generator.pt", "pytorch_model.bin", "model.safetensors")


def convert_checkpoint(config: DictConfig) -> Path:
    """The voice's folder. Raises UserError naming the file and what is wrong with it."""
    if (config.file is None) == (config.hub is None):
        raise UserError("give file=<a checkpoint> or hub=<a repository>, one of them")
    if config.hub is None:
        weights = Path(str(config.file))
        if not weights.is_file():
            raise CheckpointError(f"there is no checkpoint {weights}")
        settings = Path(str(config.settings)) if config.settings else _beside(weights)
        origin = weights.name
    else:
        if config.settings is not None:
            raise UserError("settings= is of file=; a repository of the hub brings its own")
        weights, settings = download(str(config.hub))
        origin = str(config.hub)
    state = read_weights(weights)
    try:
        model, contract, converted = convert(read_settings(settings), state)
        vocoder = build(model | {"_partial_": True})(contract)
        vocoder.load_state_dict(converted)
    except PretrainedFormatError as error:
        raise PretrainedFormatError(f"{settings} and {weights}: {error}") from error
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise PretrainedFormatError(f"{weights} does not fit {settings}: {reason}") from error
    wave = vocoder.eval().speak(torch.zeros(1, 8, contract.bands))
    if not torch.isfinite(wave).all():
        raise PretrainedFormatError(f"{weights}: it speaks numbers that are not finite")
    out = Path(str(config.out))
    run = Run(weights, {"model": model | {"_partial_": True}}, contract, None, None, converted, 0)
    save_voice(run, out, {"converted_from": origin})
    size = sum(value.numel() for value in converted.values()) / 1e6
    print(
        f"{type(vocoder).__name__}, {size:.1f} M parameters, {contract.sample_rate} Hz, "
        f"{contract.bands} bands to {contract.fmax:.0f} Hz -> {out}"
    )
    return out


def read_settings(path: Path) -> dict[str, Any]:
    """A configuration in JSON or YAML."""
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError) as error:
        raise PretrainedFormatError(
            f"{path}: cannot be read ({' '.join(str(error).split())})"
        ) from error
    if not isinstance(found, dict):
        raise PretrainedFormatError(f"{path}: it holds no settings")
    return found


def read_weights(path: Path) -> dict[str, Any]:
    """A state dict, from a torch file of any age or safetensors; nothing in it is executed."""
    try:
        if path.suffix == ".safetensors":
            state: Any = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} was not loaded: it is damaged, or holds more than tensors and plain data"
        ) from error
    except (SafetensorError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} is truncated or damaged: copy it again") from error
    if isinstance(state, dict):
        for key in ("generator", "state_dict"):
            state = state.get(key, state)
    if not isinstance(state, dict) or not state:
        raise CheckpointError(f"{path} holds no weights")
    return state


def download(repository: str) -> tuple[Path, Path]:
    """Weights and settings from the hub, through its own package and cache."""
    try:
        from huggingface_hub import HfApi, hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise UserError(
            "hub= needs the package huggingface_hub: uv sync --extra hub; or download the two "
            "files yourself and give file="
        ) from error
    try:
        names = set(HfApi().list_repo_files(repository))
        found = [
            next((name for name in wanted if name in names), None) for wanted in (WEIGHTS, SETTINGS)
        ]
        if None in found:
            raise PretrainedFormatError(
                f"hub={repository} lacks {' or '.join(WEIGHTS if found[0] is None else SETTINGS)}"
            )
        weights, settings = (Path(hf_hub_download(repository, str(name))) for name in found)
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"hub={repository}: cannot be downloaded ({reason[:200]})") from error
    return weights, settings


def _beside(weights: Path) -> Path:
    for name in SETTINGS:
        if (path := weights.with_name(name)).is_file():
            return path
    raise PretrainedFormatError(
        f"{weights}: there is no {' or '.join(SETTINGS)} beside it; give settings=FILE"
    )
