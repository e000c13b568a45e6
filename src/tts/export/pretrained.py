"""Conversion of a public vocoder checkpoint, from a file or the Hugging Face hub, to a voice."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig
from safetensors import SafetensorError
from safetensors.torch import load_file

from tts.build import build
from tts.checkpoint import CheckpointError, Run, save_voice
from tts.errors import UserError
from tts.files import file_error, require_writable
from tts.plain_data import PlainData, PlainDataError, read_json, read_yaml
from tts.project_files import install_advice
from tts.vocoders.pretrained import PretrainedFormatError, convert
from tts.vocoders.pretrained_settings import SettingsError, require_types
from tts.weights import bounded_by, require_uncompressed

SETTINGS = ("config.json", "config.yaml")
WEIGHTS = ("generator.pt", "bigvgan_generator.pt", "pytorch_model.bin", "model.safetensors")


def convert_checkpoint(config: DictConfig) -> Path:
    """Convert a checkpoint, check its output and return the folder of the new voice.

    Raises UserError with the file and what is wrong with it.
    """
    if (config.file is None) == (config.hub is None):
        raise UserError("give exactly one of file=CHECKPOINT and hub=REPOSITORY")
    if config.hub is None:
        weights = Path(str(config.file))
        if not weights.is_file():
            raise CheckpointError(f"there is no checkpoint {weights}")
        settings = Path(str(config.settings)) if config.settings else _find_settings(weights)
        origin = weights.name
    else:
        if config.settings is not None:
            raise UserError("settings= works with file= only: a hub repository has its own")
        weights, settings = download(str(config.hub))
        origin = str(config.hub)
    out = Path(str(config.out))
    require_writable(out, "out=")
    found = read_settings(settings)
    state = read_weights(weights)
    try:
        model, contract, converted = convert(found, state)
        with bounded_by(converted, str(weights)):
            vocoder = build(model | {"_partial_": True})(contract)
        vocoder.load_state_dict(converted)
    except UserError as error:
        raise PretrainedFormatError(f"{settings} and {weights}: {error}") from error
    except Exception as error:  # settings that do not belong together can raise anything
        reason = " ".join(str(error).split())
        raise PretrainedFormatError(f"{weights} does not fit {settings}: {reason}") from error
    wave = vocoder.eval().synthesize(torch.zeros(1, 8, contract.bands))
    if not torch.isfinite(wave).all():
        raise PretrainedFormatError(f"{weights}: the output of the vocoder is NaN or infinite")
    run = Run(weights, {"model": model | {"_partial_": True}}, contract, None, None, converted, 0)
    save_voice(run, out, {"converted_from": origin})
    size = sum(value.numel() for value in converted.values()) / 1e6
    print(
        f"{type(vocoder).__name__}, {size:.1f} M parameters, {contract.sample_rate} Hz, "
        f"{contract.bands} bands to {contract.fmax:.0f} Hz -> {out}"
    )
    return out


def read_settings(path: Path) -> PlainData:
    """Read a JSON or YAML configuration. Raises PretrainedFormatError."""
    try:
        settings = read_json(path) if path.suffix == ".json" else read_yaml(path)
    except PlainDataError as error:
        raise PretrainedFormatError(str(error)) from error
    if not isinstance(settings, dict):
        raise PretrainedFormatError(f"{path}: expected a mapping of settings")
    try:
        require_types(settings)
    except SettingsError as error:
        raise PretrainedFormatError(f"{path}: {error}") from error
    return settings


def read_weights(path: Path) -> dict[str, object]:
    """Read a state dict from safetensors or a torch file, without executing anything in it.

    Raises CheckpointError.
    """
    try:
        if path.suffix == ".safetensors":
            state: Any = load_file(path)
        else:
            if zipfile.is_zipfile(path):
                require_uncompressed(path)
            state = torch.load(path, map_location="cpu", weights_only=True)
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} is not loaded: it is damaged, or holds more than tensors and plain data"
        ) from error
    except PermissionError as error:
        raise CheckpointError(str(file_error(error, path))) from error
    except (SafetensorError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise CheckpointError(f"{path} is truncated or damaged: copy it again") from error
    if isinstance(state, dict):
        for key in ("generator", "model_g", "state_dict"):
            state = state.get(key, state)
    if not isinstance(state, dict) or not state:
        raise CheckpointError(f"{path} contains no weights")
    return state


def download(repository: str) -> tuple[Path, Path]:
    """Download weights and settings from the Hugging Face hub into its cache; return both paths.

    Raises UserError.
    """
    try:
        from huggingface_hub import HfApi, hf_hub_download
    except ImportError as error:
        raise UserError(
            f"hub= needs the package huggingface_hub: run `{install_advice('hub')}`, or download "
            "the two files and give file="
        ) from error
    try:
        names = set(HfApi().list_repo_files(repository))
        found = [
            next((name for name in choices if name in names), None)
            for choices in (WEIGHTS, SETTINGS)
        ]
        if None in found:
            missing = WEIGHTS if found[0] is None else SETTINGS
            raise PretrainedFormatError(f"hub={repository} has no {' or '.join(missing)}")
        weights, settings = (Path(hf_hub_download(repository, str(name))) for name in found)
    except UserError:
        raise
    except Exception as error:  # its HTTP library, which changes with the version, has its own
        reason = " ".join(str(error).split())
        raise UserError(f"hub={repository}: cannot be downloaded ({reason[:200]})") from error
    return weights, settings


def _find_settings(weights: Path) -> Path:
    for name in SETTINGS:
        if (path := weights.with_name(name)).is_file():
            return path
    raise PretrainedFormatError(
        f"{weights}: there is no {' or '.join(SETTINGS)} in its folder; give settings=FILE"
    )
