"""Conversion of public EnCodec checkpoints: those of its own code, and those of transformers.

https://github.com/facebookresearch/encodec and the ``facebook/encodec_*`` repositories. The weights
alone tell sizes and rates; a configuration, which transformers has, tells the rest.
"""

import math
import re
from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor

from tts.contract import MelContract
from tts.plain_data import PlainData
from tts.vocoders.encodec import codebooks_of
from tts.vocoders.pretrained import Converted, PretrainedFormatError, rename_weights

CODEBOOK = re.compile(r"quantizer\.(?:vq\.)?layers\.(\d+)\._?codebook\.(\w+)")
LAYER = re.compile(r"(encoder|decoder)\.(?:model|layers)\.(\d+)\.(.+)")
# settings of a configuration of which one value can be converted
FIXED = {
    "pad_mode": "reflect", "trim_right_ratio": 1.0, "num_residual_layers": 1, "compress": 2,
    "kernel_size": 7, "last_kernel_size": 7, "residual_kernel_size": 3,
}  # fmt: skip


def is_encodec(state: Mapping[str, object]) -> bool:
    """Return whether a state dict is an EnCodec's."""
    return any(CODEBOOK.fullmatch(key) for key in state if isinstance(key, str))


def convert_encodec(
    config: PlainData, state: Mapping[str, object], bandwidth: float | None = None
) -> Converted:
    """Convert the weights of an EnCodec; ``config``: of transformers, empty for its own code.

    ``bandwidth``: kbit/s whose codebooks are kept, None = all. Raises PretrainedFormatError with
    what cannot be converted.
    """
    for name, value in FIXED.items():
        if config.get(name, value) != value:
            raise PretrainedFormatError(f"{name}={config[name]!r}: only {value} can be converted")
    network = {key: value for key, value in state.items() if not CODEBOOK.fullmatch(key)}
    places = [match for key in network if (match := LAYER.fullmatch(key))]
    last = max((int(match[2]) for match in places), default=0)
    weights = rename_weights(network, partial(_rename, last=last))
    try:
        seanet = _seanet(config, weights)
        entries, use = _codebooks(state)
    except KeyError as error:
        raise PretrainedFormatError(f"the weight {error.args[0]} is missing") from None
    normed = seanet["group_norm"]
    rate = config.get("sampling_rate", 48_000 if normed else 24_000)
    hop, size, kept = math.prod(seanet["rates"]), entries.shape[1], len(entries)
    each = math.log2(size) * math.ceil(rate / hop) / 1000
    if bandwidth is not None:
        kept = codebooks_of(bandwidth, rate, hop, size)
        if kept > len(entries):
            raise PretrainedFormatError(
                f"bandwidth={bandwidth:g}: its {len(entries)} codebooks have "
                f"{each * len(entries):g} kbit/s"
            )
    weights["quantizer.entries"] = entries[:kept].contiguous()
    weights["quantizer.use"] = use[:kept].contiguous()
    weights["quantizer.batches"] = torch.tensor(1.0)
    model = {
        "_target_": "tts.vocoders.encodec.Encodec",
        "quantizer": {
            "_target_": "tts.modules.residual_quantizer.ResidualVectorQuantizer",
            "_partial_": True,
            "codebook_size": size,
        },
        "seanet": {"_target_": "tts.vocoders.seanet.SEANet", **seanet},
        "bandwidth": kept * each,
        "normalize": bool(config.get("normalize", normed)),
        "segment": config.get("chunk_length_s", 1.0 if normed else None),
        "overlap": config.get("overlap") or 0.01,
    }
    return Converted(model, MelContract(sample_rate=rate, fmax=min(8000.0, rate / 2)), weights)


def _seanet(config: PlainData, weights: Mapping[str, Tensor]) -> PlainData:
    """Return the sizes that the renamed weights have."""
    stages = sum(
        re.fullmatch(r"decoder\.ups\.\d+\.conv\.weight", key) is not None for key in weights
    )
    normed = "encoder.input.norm.weight" in weights
    first, last = weights["encoder.input.conv.weight"], weights["encoder.output.conv.weight"]
    return {
        "channels": first.shape[0],
        "dim": last.shape[0],
        "rates": [weights[f"decoder.ups.{n}.conv.weight"].shape[-1] // 2 for n in range(stages)],
        "lstm": sum(key.startswith("encoder.lstm.lstm.weight_ih_l") for key in weights),
        "audio_channels": first.shape[1],
        "causal": bool(config.get("use_causal_conv", not normed)),
        "group_norm": normed,
        "shortcut": "encoder.units.0.shortcut.conv.weight" in weights,
    }


def _codebooks(state: Mapping[str, object]) -> tuple[Tensor, Tensor]:
    """Return entries ``(K, V, D)`` and how often each is used ``(K, V)``, above 0."""
    found: dict[str, dict[int, Tensor]] = {"embed": {}, "cluster_size": {}}
    for key, value in state.items():
        match = CODEBOOK.fullmatch(key)
        if match and match[2] in found:
            if not isinstance(value, Tensor):
                raise PretrainedFormatError(f"{key} must be a tensor, not a {type(value).__name__}")
            found[match[2]][int(match[1])] = value.float()
    entries = torch.stack([found["embed"][n] for n in range(len(found["embed"]))])
    if not found["cluster_size"]:
        return entries, entries.new_ones(entries.shape[:2])
    use = torch.stack([found["cluster_size"][n] for n in range(len(entries))])
    return entries, use.clamp(min=1e-3)  # every entry can be chosen


def _rename(key: str, last: int) -> str | None:
    """Return this package's name of a weight; places in a list, to ``last``, tell what it is."""
    match = LAYER.fullmatch(key)
    if match is None:
        raise PretrainedFormatError(f"the weight {key} does not belong to an EnCodec")
    side, place, rest = match[1], int(match[2]), match[3]
    rest = re.sub(r"\b(conv|convtr)\.(conv|convtr)\.", "conv.", rest)
    rest = re.sub(r"\b(conv|convtr)\.norm\.", "norm.", rest)
    rest = rest.replace("block.1.", "narrow.").replace("block.3.", "wide.")
    if rest.startswith("lstm."):
        layer = "lstm"
    elif place in (0, last):
        layer = "input" if place == 0 else "output"
    else:  # encoder: unit, activation, strided; decoder: activation, transposed, unit
        stage, first = divmod(place - (1 if side == "encoder" else 2), 3)
        others = "strided" if side == "encoder" else "ups"
        layer = f"{others if first == (2 if side == 'encoder' else 1) else 'units'}.{stage}"
    return f"{side}.{layer}.{rest}"
