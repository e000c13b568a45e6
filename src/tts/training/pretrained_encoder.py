"""Start of a text encoder from the layers of a pretrained M2M100 or NLLB on the disk."""

import logging
from pathlib import Path

import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn

from tts.errors import UserError, naming_key
from tts.modules.attention import SelfAttention
from tts.modules.feed_forward import FeedForward
from tts.modules.pretrained_encoder import PretrainedEncoder
from tts.plain_data import parse_json
from tts.weights import read_safetensors

info = rank_zero_only(logging.getLogger(__name__).info)
CONFIG, WEIGHTS, SHARDS = "config.json", "model.safetensors", "model.safetensors.index.json"
# ours -> theirs, of layer 0 on; queries, keys and values are one matrix here
LAYER = {
    "mixer.norm": ("self_attn_layer_norm",),
    "mixer.layer.input": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "mixer.layer.output": ("self_attn.out_proj",),
    "feed_forward.norm": ("final_layer_norm",),
    "feed_forward.layer.widen": ("fc1",),
    "feed_forward.layer.narrow": ("fc2",),
}


def start_encoder(folder: str, model: nn.Module) -> None:
    """Fill the layers of ``model.encoder`` from a folder of Hugging Face's format.

    Raises UserError for another encoder, for sizes that differ and for a folder that lacks weights.
    """
    encoder = getattr(model, "encoder", None)
    if not isinstance(encoder, PretrainedEncoder):
        raise UserError(f"encoder_from={folder} needs model/encoder=pretrained")
    path = Path(folder)
    with naming_key("encoder_from", folder):
        _require_sizes(path, encoder)
        theirs = _encoder_weights(path)
        state = _translated(theirs, len(encoder.stack.blocks), path)
    missing = encoder.stack.load_state_dict(state, strict=False).missing_keys
    assert all(".film." in name for name in missing), missing
    count = sum(value.numel() for value in state.values()) / 1e6
    info("%.1f M parameters in %d layers from %s", count, len(encoder.stack.blocks), folder)


def require_no_pretrained_encoder(model: nn.Module) -> None:
    """Raise UserError for a model whose encoder is meant to start from trained layers."""
    if isinstance(getattr(model, "encoder", None), PretrainedEncoder):
        raise UserError(
            "model/encoder=pretrained needs encoder_from=FOLDER, with an M2M100 or NLLB: without "
            "it, its layers start at random"
        )


def _require_sizes(path: Path, encoder: PretrainedEncoder) -> None:
    try:
        config = parse_json((path / CONFIG).read_text(encoding="utf-8"), str(path / CONFIG))
    except OSError as error:
        raise UserError(f"{path} has no {CONFIG}: give the folder of an M2M100 or NLLB") from error
    block = encoder.stack.blocks[0]
    attention, feed_forward = block.mixer.layer, block.feed_forward.layer  # type: ignore[union-attr]
    if not isinstance(attention, SelfAttention) or not isinstance(feed_forward, FeedForward):
        raise UserError("model.encoder.stack must have attention and a feed-forward")
    ours = {
        "d_model": ("width", encoder.input.out_features),
        "encoder_attention_heads": ("stack.mixer.heads", attention.heads),
        "encoder_ffn_dim": ("stack.feed_forward.multiple", feed_forward.widen.out_features),
    }
    for key, (name, value) in ours.items():
        if not isinstance(config, dict) or config.get(key) != value:
            found = config.get(key) if isinstance(config, dict) else None
            raise UserError(
                f"{path / CONFIG} has {key}={found}, and this model {value}: set "
                f"model.encoder.{name}"
            )


def _encoder_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of the encoder, without what stands before ``layers``."""
    if (path / SHARDS).is_file():
        index = parse_json((path / SHARDS).read_text(encoding="utf-8"), str(path / SHARDS))
        files = sorted({Path(str(name)).name for name in index["weight_map"].values()})
    else:
        files = [WEIGHTS]
    found: dict[str, Tensor] = {}
    for name in files:
        if not (path / name).is_file():
            raise UserError(
                f"{path} has no {name}: save the model with transformers' "
                "save_pretrained(FOLDER, safe_serialization=True)"
            )
        for key, value in read_safetensors(path / name).items():
            before, middle, rest = f".{key}".partition(".encoder.")
            if middle and "decoder" not in before:
                found[rest] = value.float()
    return found


def _translated(theirs: dict[str, Tensor], layers: int, path: Path) -> dict[str, Tensor]:
    state = {}
    try:
        for kind in ("weight", "bias"):
            state[f"norm.{kind}"] = theirs[f"layer_norm.{kind}"]
            for number in range(layers):
                for ours, names in LAYER.items():
                    parts = [theirs[f"layers.{number}.{name}.{kind}"] for name in names]
                    state[f"blocks.{number}.{ours}.{kind}"] = torch.cat(parts)
    except KeyError as error:
        raise UserError(
            f"{path} lacks encoder.{error.args[0]}: set model.encoder.stack.depth to the layers "
            "that it has"
        ) from error
    return state
