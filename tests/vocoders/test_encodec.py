"""EnCodec: converted checkpoints give what the published code gives; laws of the codec.

``references/encodec.json`` holds, for a causal mono and a stereo model with segments, a small
configuration, the names and shapes of its weights, and codes and samples of the published code. The
weights are random, seeded by their names.
"""

import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes import composed
from torch import Tensor

from tts.errors import UserError
from tts.export.pretrained import convert_checkpoint
from tts.vocoders.codec import load_codec
from tts.vocoders.encodec import Encodec, codebooks_of

REFERENCES = json.loads((Path(__file__).parent / "references" / "encodec.json").read_text())


def random_weight(name: str, shape: list[int]) -> Tensor:
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    value = torch.randn(shape, generator=generator) * 0.2
    if name.endswith("norm.weight"):
        return 1 + value
    return value.abs() + 0.5 if name.endswith(("weight_g", "cluster_size")) else value


def published(kind: str) -> dict[str, Tensor]:
    shapes = REFERENCES[kind]["shapes"]
    return {name: random_weight(name, shape) for name, shape in shapes.items()}


def as_transformers(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights under the names that transformers gives them."""
    renamed = {}
    for name, value in state.items():
        name = name.replace(".model.", ".layers.").replace("vq.layers", "layers")
        name = re.sub(r"(conv|convtr)\.(conv|convtr)\.", "conv.", name)
        name = re.sub(r"(conv|convtr)\.norm\.", "norm.", name)
        name = name.replace("._codebook.", ".codebook.")
        name = name.replace("weight_g", "parametrizations.weight.original0")
        renamed[name.replace("weight_v", "parametrizations.weight.original1")] = value
    return renamed


def converted(kind: str, folder: Path, state: dict[str, Any] | None = None, *more: str) -> Encodec:
    torch.save(published(kind) if state is None else state, folder / "encodec.th")
    (folder / "config.json").write_text(json.dumps(REFERENCES[kind]["config"]))
    options = (f"file={folder}/encodec.th", f"out={folder}/voice", *more)
    codec = load_codec(convert_checkpoint(composed("convert", *options)))
    assert isinstance(codec, Encodec)
    return codec


@pytest.mark.parametrize("names", ["own", "transformers"])
@pytest.mark.parametrize("kind", REFERENCES)
def test_a_converted_codec_equals_the_original(kind: str, names: str, tmp_path: Path) -> None:
    state = published(kind)
    codec = converted(kind, tmp_path, state if names == "own" else as_transformers(state))
    expected = REFERENCES[kind]
    channels = codec.audio_channels
    waveform = torch.randn(1, channels, 400, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        segments = codec.encode_segments(waveform)
        samples = codec.decode_segments(segments)[0]
    assert [each.codes[0, :12].tolist() for each in segments] == expected["codes"]
    shown = torch.cat([samples[:, :8], samples[:, 244:256]], 1)
    assert torch.allclose(shown, torch.tensor(expected["output"]), atol=2e-6)


def test_a_causal_codec_is_its_segments_and_knows_no_later_frame(tmp_path: Path) -> None:
    codec = converted("causal", tmp_path)
    waveform = torch.randn(2, 401, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        codes = codec.encode(waveform)
        [segment] = codec.encode_segments(waveform[:, None])
        assert codes.shape == (2, 67, 3)
        assert torch.equal(segment.codes, codes)
        samples = codec.decode(codes)
        assert samples.shape == (2, 402)
        assert torch.equal(samples, codec.decode_segments([segment])[:, 0].clamp(-1, 1))
        # the first frames are padded by reflection of the next six
        assert torch.equal(codec.encode(waveform[:, : 6 * 20]), codes[:, :20])
        assert torch.allclose(codec.decode(codes[:, :20]), samples[:, : 6 * 20], atol=1e-6)


def test_a_stereo_codec_takes_mono_of_any_loudness(tmp_path: Path) -> None:
    codec = converted("stereo", tmp_path)
    waveform = 0.1 * torch.randn(1, 400, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        codes = codec.encode(waveform)
        assert torch.equal(codec.encode(waveform / 4), codes)
        samples = codec.decode(codes)
    assert samples.shape == (1, 402)
    assert float(samples.square().mean().sqrt()) == pytest.approx(0.07, rel=1e-3)


def test_the_bandwidth_chooses_the_codebooks(tmp_path: Path) -> None:
    assert [codebooks_of(kbps, 24_000, 320, 1024) for kbps in (1.5, 3, 6, 12, 24)] == [
        2, 4, 8, 16, 32,
    ]  # fmt: skip
    assert [codebooks_of(kbps, 48_000, 320, 1024) for kbps in (3, 6, 12, 24)] == [2, 4, 8, 16]
    codec = converted("causal", tmp_path, None, "bandwidth=1.4")  # 167 frames of 4 bits: .668 each
    assert codec.contract.codebooks == 2
    assert codec.bits_per_second == pytest.approx(2 * 4 * 1000 / 6)
    full = converted("causal", tmp_path)
    waveform = torch.randn(1, 120)
    with torch.inference_mode():
        assert torch.equal(codec.encode(waveform), full.encode(waveform)[..., :2])


@pytest.mark.parametrize(
    ("bandwidth", "change", "message"),
    [
        ("0.5", None, r"bandwidth=0\.5: one codebook of 16 codes takes 0\.668 kbit/s"),
        ("3", None, r"its 3 codebooks have 2\.004 kbit/s"),
        ("1", ("encoder.model.0.conv.conv.bias", None), r"encoder\.input\.conv\.bias"),
        ("1", ("encoder.model.0.conv.conv.weight_v", None), "weight"),
        ("1", ("more.weight", torch.zeros(1)), r"more\.weight does not belong to an EnCodec"),
        ("1", ("quantizer.vq.layers.1._codebook.embed", None), "missing|incomplete|1"),
    ],
)
def test_what_does_not_fit_is_one_error(
    bandwidth: str, change: tuple[str, Tensor | None] | None, message: str, tmp_path: Path
) -> None:
    state = published("causal")
    if change is not None:
        state.pop(change[0], None)
        state |= {} if change[1] is None else {change[0]: change[1]}
    with pytest.raises(UserError, match=message):
        converted("causal", tmp_path, state, f"bandwidth={bandwidth}")
    assert not (tmp_path / "voice").exists()


def test_settings_that_cannot_be_converted_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("pad_mode", "constant"), ("num_residual_layers", 2), ("overlap", 2)):
        settings = {**REFERENCES["causal"]["config"], name: value}
        monkeypatch.setitem(REFERENCES, "other", {**REFERENCES["causal"], "config": settings})
        with pytest.raises(UserError, match=rf"{name}"):
            converted("other", tmp_path)
