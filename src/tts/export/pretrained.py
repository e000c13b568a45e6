"""Conversion of a public checkpoint of a vocoder or codec, from a file or the hub, to a voice."""

import pickle
import zipfile
from collections.abc import Mapping
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
from tts.vocoders.codec import Codec
from tts.vocoders.pretrained import Converted, PretrainedFormatError, convert
from tts.vocoders.pretrained_encodec import convert_encodec, is_encodec
from tts.vocoders.pretrained_settings import SettingsError, require_types
from tts.vocoders.vocoder import Vocoder
from tts.voice_folder import set_voice_aside
from tts.weights import bounded_by, require_uncompressed

SETTINGS = ("config.json", "config.yaml")
WEIGHTS = ("generator.pt", "bigvgan_generator.pt", "pytorch_model.bin", "model.safetensors")


def convert_checkpoint(config: DictConfig) -> Path:
    """Convert a checkpoint, check its output and return the folder of the new voice.

    Raises UserError with the file and what is wrong with it.
    """
    if (config.file is None) == (config.hub is None):
        raise UserError("give exactly one of file=CHECKPOINT and hub=REPOSITORY")
    settings: Path | None
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
    found = None if settings is None else read_settings(settings)
    state = read_weights(weights)
    files = str(weights) if settings is None else f"{settings} and {weights}"
    try:
        converted = _converted(found, state, config.bandwidth)
        with bounded_by(converted.weights, str(weights)):
            model = build(converted.model | {"_partial_": True})(converted.contract)
        model.load_state_dict(converted.weights)
    except UserError as error:
        raise PretrainedFormatError(f"{files}: {error}") from error
    except Exception as error:  # settings that do not belong together can raise anything
        reason = " ".join(str(error).split())
        raise PretrainedFormatError(f"{weights} does not fit {settings}: {reason}") from error
    _require_finite(model.eval(), weights)
    run = Run(
        weights, {"model": converted.model | {"_partial_": True}}, converted.contract, None, None,
        converted.weights, 0,
    )  # fmt: skip
    if (aside := set_voice_aside(out)) is not None:
        print(f"{out} held a voice: moved to {aside}")
    save_voice(run, out, {"converted_from": origin})
    size = sum(value.numel() for value in converted.weights.values()) / 1e6
    print(f"{type(model).__name__}, {size:.1f} M parameters, {_described(model)} -> {out}")
    return out


def _converted(
    settings: PlainData | None, state: Mapping[str, object], bandwidth: float | None
) -> Converted:
    """Return the parts of the voice. Raises UserError for what cannot be converted."""
    if is_encodec(state):
        return convert_encodec(settings or {}, state, bandwidth)
    if bandwidth is not None:
        raise UserError("bandwidth= works with an EnCodec only: remove it")
    if settings is None:
        raise UserError(f"there is no {' or '.join(SETTINGS)} beside it; give settings=FILE")
    return convert(settings, state)


def _require_finite(model: Vocoder | Codec, weights: Path) -> None:
    """Raise PretrainedFormatError for a model whose output is NaN or infinite."""
    with torch.inference_mode():
        if isinstance(model, Codec):
            kind = "codec"
            wave = model.decode(torch.zeros(1, 8, model.codebooks, dtype=torch.long))
        else:
            kind = "vocoder"
            wave = model.synthesize(torch.zeros(1, 8, model.contract.bands))
    if not torch.isfinite(wave).all():
        raise PretrainedFormatError(f"{weights}: the output of the {kind} is NaN or infinite")


def _described(model: Vocoder | Codec) -> str:
    if isinstance(model, Codec):
        return (
            f"{model.sample_rate} Hz, {model.codebooks} codebooks of {model.codebook_size}, "
            f"{model.bits_per_second / 1000:g} kbit/s"
        )
    contract = model.contract
    return f"{contract.sample_rate} Hz, {contract.bands} bands to {contract.fmax:.0f} Hz"


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


def _find_settings(weights: Path) -> Path | None:
    """Return the configuration in the checkpoint's folder; None without one."""
    places = (weights.with_name(name) for name in SETTINGS)
    return next((path for path in places if path.is_file()), None)
