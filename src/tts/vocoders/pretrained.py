"""Other houses' vocoder checkpoints: their settings and key names in ours.

Each reader takes a published configuration and state dict and returns what a voice is made of.
HiFi-GAN: https://github.com/jik876/hifi-gan. BigVGAN: https://github.com/NVIDIA/BigVGAN. Vocos:
https://github.com/gemelo-ai/vocos.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from tts.audio.mel import MelContract
from tts.checkpoint import fold_weights
from tts.errors import UserError


class PretrainedFormatError(UserError):
    """A checkpoint or configuration that is not what it should be."""


class Converted(NamedTuple):
    """A voice in the making."""

    model: dict[str, Any]  # the config of its class
    contract: MelContract
    weights: dict[str, Tensor]


def convert(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> Converted:
    """Recognize the family by its configuration. Raises PretrainedFormatError naming what is missing."""
    if "backbone" in config and "head" in config:
        return vocos(config, state)
    if "upsample_rates" in config:
        snakes = "activation" in config or "snake_logscale" in config
        return (bigvgan if snakes else hifigan)(config, state)
    raise PretrainedFormatError(
        "the configuration is none of HiFi-GAN's or BigVGAN's (upsample_rates) nor of Vocos's "
        f"(backbone and head); it has {', '.join(map(str, sorted(config)))}"
    )


def hifigan(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> Converted:
    """``config.json`` and the ``generator`` of a published HiFi-GAN."""
    model = {"_target_": "tts.vocoders.hifigan.HiFiGAN", **_upsampler(config)}
    per_stage = len(model["kernels"])

    def rename(key: str) -> str | None:
        if match := re.fullmatch(r"resblocks\.(\d+)\.(convs1|convs2|convs)\.(\d+)\.(.+)", key):
            number, kind, index, rest = match.groups()
            stage, block = divmod(int(number), per_stage)
            name = "plain" if kind == "convs2" else "dilated"
            return f"fusions.{stage}.blocks.{block}.{name}.{index}.{rest}"
        return _ends(key)

    return Converted(model, _hifigan_contract(config), _renamed(state, rename))


def bigvgan(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> Converted:
    """``config.json`` and the ``generator`` of a published BigVGAN, of either version."""
    activation = _need(config, "activation")
    if activation not in ("snake", "snakebeta"):
        raise PretrainedFormatError(f"activation={activation!r}: known are snake and snakebeta")
    model = {
        "_target_": "tts.vocoders.bigvgan.BigVGAN",
        **_upsampler(config),
        "tied": activation == "snake",
        "logarithmic": bool(_need(config, "snake_logscale")),
        "bounded_by_tanh": bool(config.get("use_tanh_at_final", True)),
        "output_bias": bool(config.get("use_bias_at_final", True)),
    }
    per_stage = len(model["kernels"])

    def rename(key: str) -> str | None:
        if key.endswith(".filter"):  # computed, not learned
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
        return _ends(key)

    return Converted(model, _hifigan_contract(config), _renamed(state, rename))


def vocos(config: Mapping[str, Any], state: Mapping[str, Tensor]) -> Converted:
    """``config.yaml`` and ``pytorch_model.bin`` of a published Vocos that takes mels."""
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
    for name, ours in (("n_fft", contract.n_fft), ("hop_length", contract.hop)):
        if (theirs := _need(head, name)) != ours:
            raise PretrainedFormatError(
                f"head.{name}={theirs} and feature_extractor.{name}={ours} differ"
            )
    model = {
        "_target_": "tts.vocoders.vocos.Vocos",
        "dim": _need(backbone, "dim"),
        "hidden": _need(backbone, "intermediate_dim"),
        "depth": _need(backbone, "num_layers"),
    }
    names = {
        "backbone.embed.": "embed.",
        "backbone.norm.": "norm.",
        "backbone.final_layer_norm.": "last_norm.",
        "head.out.": "spectrum.",
    }
    inside = {
        "dwconv": "depthwise", "norm": "norm", "pwconv1": "expand", "pwconv2": "contract",
        "gamma": "scale",
    }  # fmt: skip

    def rename(key: str) -> str | None:
        if key.startswith("feature_extractor.") or key == "head.istft.window":
            return None
        if match := re.fullmatch(r"backbone\.convnext\.(\d+)\.(\w+)(.*)", key):
            number, name, rest = match.groups()
            if name in inside:
                return f"blocks.{number}.{inside[name]}{rest}"
        for theirs, ours in names.items():
            if key.startswith(theirs):
                return ours + key.removeprefix(theirs)
        raise PretrainedFormatError(f"the weight {key} has no place in a Vocos that takes mels")

    return Converted(model, contract, _renamed(state, rename))


def _upsampler(config: Mapping[str, Any]) -> dict[str, Any]:
    """What HiFi-GAN and BigVGAN share."""
    return {
        "channels": _need(config, "upsample_initial_channel"),
        "rates": list(_need(config, "upsample_rates")),
        "up_kernels": list(_need(config, "upsample_kernel_sizes")),
        "kernels": list(_need(config, "resblock_kernel_sizes")),
        "dilations": [list(d) for d in _need(config, "resblock_dilation_sizes")],
        "paired": str(_need(config, "resblock")) == "1",
    }


def _hifigan_contract(config: Mapping[str, Any]) -> MelContract:
    rate = _need(config, "sampling_rate")
    fmax = _need(config, "fmax")
    return MelContract(
        sample_rate=rate,
        n_fft=_need(config, "n_fft"),
        hop=_need(config, "hop_size"),
        window=_need(config, "win_size"),
        bands=_need(config, "num_mels"),
        fmin=float(_need(config, "fmin")),
        fmax=rate / 2 if fmax is None else float(fmax),
    )


def _ends(key: str) -> str:
    """The names that HiFi-GAN and BigVGAN share outside their blocks."""
    for theirs, ours in (("conv_pre.", "input."), ("conv_post.", "output."), ("ups.", "ups.")):
        if key.startswith(theirs):
            return ours + key.removeprefix(theirs)
    raise PretrainedFormatError(f"the weight {key} has no place in a HiFi-GAN or BigVGAN generator")


def _renamed(state: Mapping[str, Tensor], rename: Callable[[str], str | None]) -> dict[str, Tensor]:
    """Under our names, with weight normalization of either spelling folded away."""
    modern = {}
    for key, value in state.items():
        if not isinstance(value, Tensor):
            raise PretrainedFormatError(f"{key} is no tensor but a {type(value).__name__}")
        key = re.sub(r"\.weight_g$", ".parametrizations.weight.original0", key)
        key = re.sub(r"\.weight_v$", ".parametrizations.weight.original1", key)
        modern[key] = value.to(torch.float32)
    named = ((rename(key), value) for key, value in fold_weights(modern).items())
    return {name: value for name, value in named if name is not None}


def _need(config: Mapping[str, Any], key: str) -> Any:
    if key not in config:
        raise PretrainedFormatError(f"the configuration lacks {key}")
    return config[key]


def _part(config: Mapping[str, Any], name: str, cls: str) -> Mapping[str, Any]:
    part = _need(config, name)
    made = str(_need(part, "class_path"))
    if not made.endswith(cls):
        raise PretrainedFormatError(f"{name}.class_path={made}: only {cls} can be converted")
    return part.get("init_args", {})
