"""Conversion of public vocoder checkpoints: HiFi-GAN, BigVGAN, UnivNet and Vocos.

Each converter maps a published configuration and state dict to this package's names.
HiFi-GAN: https://github.com/jik876/hifi-gan. BigVGAN: https://github.com/NVIDIA/BigVGAN. UnivNet:
https://github.com/maum-ai/univnet. Vocos: https://github.com/gemelo-ai/vocos.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tts.checkpoint import fold_weights
from tts.contract import MelContract
from tts.errors import UserError
from tts.plain_data import PlainData


class PretrainedFormatError(UserError):
    """A public checkpoint or its configuration cannot be converted."""


class Converted(NamedTuple):
    """The parts of a voice."""

    model: PlainData  # config: _target_ and arguments
    contract: MelContract
    weights: dict[str, Tensor]


def convert(config: PlainData, state: Mapping[str, object]) -> Converted:
    """Convert a checkpoint; the keys of its configuration tell the family.

    Raises PretrainedFormatError with the missing or unknown key.
    """
    if "backbone" in config and "head" in config:
        return convert_vocos(config, state)
    if "upsample_rates" in config:
        if "activation" in config or "snake_logscale" in config:
            return convert_bigvgan(config, state)
        return convert_hifigan(config, state)
    if "gen" in config and "audio" in config:
        return convert_univnet(config, state)
    raise PretrainedFormatError(
        "the configuration is not one of HiFi-GAN or BigVGAN (upsample_rates), Vocos (backbone and "
        f"head) or UnivNet (gen and audio); its keys are {', '.join(map(str, sorted(config)))}"
    )


def convert_hifigan(config: PlainData, state: Mapping[str, object]) -> Converted:
    """Convert ``config.json`` and the ``generator`` weights of a HiFi-GAN."""
    model = {"_target_": "tts.vocoders.hifigan.HiFiGAN", **_upsampler(config)}
    per_stage = len(model["kernels"])

    def rename(key: str) -> str | None:
        if match := re.fullmatch(r"resblocks\.(\d+)\.(convs1|convs2|convs)\.(\d+)\.(.+)", key):
            number, kind, index, rest = match.groups()
            stage, block = divmod(int(number), per_stage)
            name = "plain" if kind == "convs2" else "dilated"
            return f"fusions.{stage}.blocks.{block}.{name}.{index}.{rest}"
        return _rename_outside_blocks(key)

    return Converted(model, _hifigan_contract(config), rename_weights(state, rename))


def convert_bigvgan(config: PlainData, state: Mapping[str, object]) -> Converted:
    """Convert ``config.json`` and the ``generator`` weights of a BigVGAN, version 1 or 2."""
    activation = _require(config, "activation")
    if activation not in ("snake", "snakebeta"):
        raise PretrainedFormatError(f"activation={activation!r}: choose from snake, snakebeta")
    model = {
        "_target_": "tts.vocoders.bigvgan.BigVGAN",
        **_upsampler(config),
        "variant": {
            "_target_": "tts.vocoders.bigvgan.BigVGANVariant",
            "tied_snake": activation == "snake",
            "logarithmic_snake": bool(_require(config, "snake_logscale")),
            "tanh": bool(config.get("use_tanh_at_final", True)),
            "output_bias": bool(config.get("use_bias_at_final", True)),
        },
    }
    per_stage = len(model["kernels"])

    def rename(key: str) -> str | None:
        if key.endswith(".filter"):  # computed, not trained
            return None
        key = re.sub(r"^ups\.(\d+)\.0\.", r"ups.\1.", key)
        if match := re.fullmatch(r"resblocks\.(\d+)\.(\w+)\.(\d+)\.(.+)", key):
            number, kind, index, rest = match.groups()
            stage, block = divmod(int(number), per_stage)
            names = {"convs1": "dilated", "convs": "dilated", "convs2": "plain"}
            name = names.get(kind, kind)
            rest = rest.replace("act.", "activation.") if kind == "activations" else rest
            return f"fusions.{stage}.{block}.{name}.{index}.{rest}"
        if key.startswith("activation_post.act."):
            return key.replace("activation_post.act.", "activation.activation.")
        return _rename_outside_blocks(key)

    return Converted(model, _hifigan_contract(config), rename_weights(state, rename))


def convert_vocos(config: PlainData, state: Mapping[str, object]) -> Converted:
    """Convert ``config.yaml`` and ``pytorch_model.bin`` of a mel Vocos."""
    features, backbone, head = (
        _part(config, name, cls)
        for name, cls in (
            ("feature_extractor", "MelSpectrogramFeatures"),
            ("backbone", "VocosBackbone"),
            ("head", "ISTFTHead"),
        )
    )
    rate, padding = features.get("sample_rate", 24000), features.get("padding", "center")
    contract = MelContract(
        sample_rate=rate,
        n_fft=features.get("n_fft", 1024),
        window=features.get("n_fft", 1024),
        hop=features.get("hop_length", 256),
        bands=features.get("n_mels", 100),
        fmin=0.0,
        fmax=rate / 2,
        floor=1e-7,
        normalization="none",
        scale="htk",
        centered=padding == "center",
    )
    for name, in_features in (("n_fft", contract.n_fft), ("hop_length", contract.hop)):
        if (in_head := _require(head, name)) != in_features:
            raise PretrainedFormatError(
                f"head.{name}={in_head} must equal feature_extractor.{name}={in_features}"
            )
    model = {
        "_target_": "tts.vocoders.vocos.Vocos",
        "dim": _require(backbone, "dim"),
        "hidden": _require(backbone, "intermediate_dim"),
        "depth": _require(backbone, "num_layers"),
    }
    prefixes = {
        "backbone.embed.": "embed.",
        "backbone.norm.": "norm.",
        "backbone.final_layer_norm.": "last_norm.",
        "head.out.": "spectrum.",
    }
    block_names = {
        "dwconv": "depthwise", "norm": "norm", "pwconv1": "expand", "pwconv2": "contract",
        "gamma": "scale",
    }  # fmt: skip

    def rename(key: str) -> str | None:
        if key.startswith("feature_extractor.") or key == "head.istft.window":
            return None
        if match := re.fullmatch(r"backbone\.convnext\.(\d+)\.(\w+)(.*)", key):
            number, name, rest = match.groups()
            if name in block_names:
                return f"blocks.{number}.{block_names[name]}{rest}"
        return _replace_prefix(key, prefixes, "a Vocos that takes mels")

    return Converted(model, contract, rename_weights(state, rename))


def convert_univnet(config: PlainData, state: Mapping[str, object]) -> Converted:
    """Convert a configuration in YAML and the ``model_g`` weights of a UnivNet."""
    audio, generator = config["audio"], config["gen"]
    for section, name in ((audio, "audio"), (generator, "gen")):
        if not isinstance(section, dict):
            raise PretrainedFormatError(f"{name} must be a mapping of settings, not {section!r}")
    contract = MelContract(
        sample_rate=_require(audio, "sampling_rate"),
        n_fft=_require(audio, "filter_length"),
        hop=_require(audio, "hop_length"),
        window=_require(audio, "win_length"),
        bands=_require(audio, "n_mel_channels"),
        fmin=float(_require(audio, "mel_fmin")),
        fmax=float(_require(audio, "mel_fmax")),
    )
    channels, dilations = _require(generator, "channel_size"), _require(generator, "dilations")
    model = {
        "_target_": "tts.vocoders.univnet.UnivNet",
        "channels": channels,
        "noise": _require(generator, "noise_dim"),
        "rates": list(_require(generator, "strides")),
        "dilations": list(dilations),
        "predictor_kernel": _require(generator, "kpnet_conv_size"),
    }
    predictor = {
        "input_conv.0.": "input.", "kernel_conv.": "kernels.", "bias_conv.": "biases.",
        "residual_convs.0.1.": "residuals.0.0.", "residual_convs.0.3.": "residuals.0.1.",
        "residual_convs.1.1.": "residuals.1.0.", "residual_convs.1.3.": "residuals.1.1.",
        "residual_convs.2.1.": "residuals.2.0.", "residual_convs.2.3.": "residuals.2.1.",
    }  # fmt: skip

    def rename(key: str) -> str | None:
        if match := re.fullmatch(r"res_stack\.(\d+)\.(.+)", key):
            block, rest = f"blocks.{match[1]}", match[2]
            if rest.startswith("kernel_predictor."):
                rest = rest.removeprefix("kernel_predictor.")
                return f"{block}.predictor.{_replace_prefix(rest, predictor, 'a UnivNet')}"
            rest = re.sub(r"^conv_blocks\.(\d+)\.1\.", r"dilated.\1.", rest)
            return f"{block}.{rest.replace('convt_pre.1.', 'up.')}"
        return _replace_prefix(key, {"conv_pre.": "input.", "conv_post.1.": "output."}, "a UnivNet")

    weights = rename_weights(state, rename)
    for name, value in weights.items():
        if ".predictor.kernels." in name:
            # from (layers, inputs, outputs, kernel) to this package's (layers, kernel, inputs, ...)
            parts = value.unflatten(0, (len(dilations), channels, 2 * channels, -1))
            weights[name] = parts.movedim(3, 1).flatten(0, 3).contiguous()
    return Converted(model, contract, weights)


def _upsampler(config: PlainData) -> PlainData:
    """Return the arguments that HiFi-GAN and BigVGAN share."""
    return {
        "channels": _require(config, "upsample_initial_channel"),
        "rates": list(_require(config, "upsample_rates")),
        "up_kernels": list(_require(config, "upsample_kernel_sizes")),
        "kernels": list(_require(config, "resblock_kernel_sizes")),
        "dilations": [list(d) for d in _require(config, "resblock_dilation_sizes")],
        "paired": str(_require(config, "resblock")) == "1",
    }


def _hifigan_contract(config: PlainData) -> MelContract:
    rate = _require(config, "sampling_rate")
    fmax = _require(config, "fmax")
    return MelContract(
        sample_rate=rate,
        n_fft=_require(config, "n_fft"),
        hop=_require(config, "hop_size"),
        window=_require(config, "win_size"),
        bands=_require(config, "num_mels"),
        fmin=float(_require(config, "fmin")),
        fmax=rate / 2 if fmax is None else float(fmax),
    )


def _rename_outside_blocks(key: str) -> str:
    """Rename a weight of HiFi-GAN or BigVGAN that is not in a residual block."""
    prefixes = {"conv_pre.": "input.", "conv_post.": "output.", "ups.": "ups."}
    return _replace_prefix(key, prefixes, "a HiFi-GAN or BigVGAN generator")


def _replace_prefix(key: str, prefixes: Mapping[str, str], family: str) -> str:
    for prefix, replacement in prefixes.items():
        if key.startswith(prefix):
            return replacement + key.removeprefix(prefix)
    raise PretrainedFormatError(f"the weight {key} does not belong to {family}")


def rename_weights(
    state: Mapping[str, object], rename: Callable[[str], str | None]
) -> dict[str, Tensor]:
    """Rename weights and fold weight normalization in; ``rename`` returns None to drop a weight."""
    weights = {}
    for key, value in state.items():
        if not isinstance(value, Tensor):
            raise PretrainedFormatError(f"{key} must be a tensor, not a {type(value).__name__}")
        key = re.sub(r"\.weight_g$", ".parametrizations.weight.original0", key)
        key = re.sub(r"\.weight_v$", ".parametrizations.weight.original1", key)
        weights[key] = value.to(torch.float32)
    renamed = ((rename(key), value) for key, value in fold_weights(weights).items())
    return {name: value for name, value in renamed if name is not None}


def _require(config: PlainData, key: str) -> Any:
    if key not in config:
        raise PretrainedFormatError(f"the configuration has no {key}")
    return config[key]


def _part(config: PlainData, name: str, cls: str) -> PlainData:
    part = _require(config, name)
    class_path = str(_require(part, "class_path"))
    if not class_path.endswith(cls):
        raise PretrainedFormatError(f"{name}.class_path={class_path}: only {cls} can be converted")
    return part.get("init_args", {})
