"""Laws of the neural codec: lengths, padding, chunks, bad codes, voices."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tts.checkpoint import CheckpointError, Run, save_voice
from tts.contract import ContractError, MelContract
from tts.errors import UserError
from tts.modules.finite_scalar_quantizer import FiniteScalarQuantizer
from tts.modules.residual_quantizer import ResidualVectorQuantizer
from tts.training.warm_start import start_from
from tts.vocoders.codec import Codec, load_codec
from tts.vocoders.codec_encoder import MelEncoder, WaveformEncoder
from tts.vocoders.load import load_vocoder
from tts.vocoders.mel_rvq import MelRVQ
from tts.vocoders.neural_codec import LatentDecoder, NeuralCodec
from tts.vocoders.vocos import Vocos

CONTRACT = MelContract(bands=20)
SIZE = {"dim": 16, "hidden": 32, "depth": 1}
ENCODERS = {
    "mel": partial(MelEncoder, **SIZE),
    "waveform": partial(WaveformEncoder, **SIZE, channels=2),
}
RVQ = partial(ResidualVectorQuantizer, dim=8, codebooks=3, codebook_size=16)
FSQ = partial(FiniteScalarQuantizer, dim=8, codebooks=2, levels=(4, 3))


def wave(samples: int, seed: int = 0) -> Tensor:
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


def codec(encoder: str = "mel", stride: int = 2, quantizer=RVQ, **vocos) -> NeuralCodec:  # type: ignore[no-untyped-def]
    """A codec with trained codebooks, and weights that all affect the output."""
    torch.manual_seed(1)
    if encoder == "waveform":
        rates = {1: (4, 8, 8), 2: (8, 8, 8)}[stride]
        made = partial(ENCODERS["waveform"], rates=rates)
    else:
        made = ENCODERS[encoder]
    model = NeuralCodec(
        CONTRACT, made, quantizer, partial(LatentDecoder, **SIZE),
        partial(Vocos, **{"dim": 16, "hidden": 32, "depth": 1, **vocos}), stride,
    )  # fmt: skip
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=parameter[0].numel() ** -0.5)
        for seed in range(8):
            audio = torch.cat([wave(20 * 256, seed), 3 * wave(20 * 256, seed + 50).cumsum(-1)])
            model.training_output(torch.zeros(2, 20, 20).normal_(), audio)
    return model.eval()


CHOICES = [("mel", 2, RVQ), ("mel", 1, FSQ), ("waveform", 2, RVQ), ("waveform", 1, FSQ)]


@pytest.mark.parametrize(("encoder", "stride", "quantizer"), CHOICES)
def test_codes_times_hop_is_samples(encoder: str, stride: int, quantizer) -> None:  # type: ignore[no-untyped-def]
    model = codec(encoder, stride, quantizer)
    assert model.hop == 256 * stride
    for samples in (1, 512, 5000):
        codes = model.encode(wave(samples))
        assert codes.shape == (1, -(-samples // model.hop), model.codebooks)
        assert torch.equal(codes, model.encode(wave(samples)))
        copy = model.decode(codes)
        assert copy.shape == (1, codes.shape[1] * model.hop)
        assert copy.abs().max() <= 1
        assert torch.equal(copy, model.decode(codes))


@pytest.mark.parametrize(("encoder", "stride", "quantizer"), CHOICES)
def test_padding_changes_no_code(encoder: str, stride: int, quantizer) -> None:  # type: ignore[no-untyped-def]
    model = codec(encoder, stride, quantizer)
    alone = [wave(9000), wave(6100, 1)]
    batch = torch.zeros(2, 9000)
    for row, audio in zip(batch, alone, strict=True):
        row[: audio.shape[1]] = audio[0]
    batch[1, 6100:] = 0.5  # whatever padding holds
    codes = model.encode(batch, torch.tensor([9000, 6100]))
    for row, audio in zip(codes, alone, strict=True):
        own = model.encode(audio)[0]
        assert len(own.unique()) > 2
        assert torch.equal(row[: len(own)], own)


HEADS: list[dict[str, object]] = [{"prior": True}, {"head": "samples"}]


@pytest.mark.parametrize("settings", HEADS)
@pytest.mark.parametrize("stride", [1, 2])
def test_decoded_chunks_equal_the_whole(stride: int, settings: dict[str, object]) -> None:
    model = codec(stride=stride, **settings)
    codes = torch.randint(0, 16, (1, 4 * model.context + 5, 3))
    with torch.no_grad():  # as a stream does: other kernels round otherwise
        whole = model.decode(codes)
    for frames in (7, model.context):
        chunks = list(model.stream(codes, frames))
        assert len(chunks) == -(-codes.shape[1] // frames)
        assert torch.allclose(torch.cat(chunks, 1), whole, atol=1e-4)
    assert torch.equal(torch.cat(list(model.stream(codes)), 1), whole)


@pytest.mark.parametrize("settings", HEADS)
@pytest.mark.parametrize("encoder", ["mel", "waveform"])
def test_every_parameter_learns_through_the_codes(
    encoder: str, settings: dict[str, object]
) -> None:
    model = codec(encoder, **settings).train()
    audio = wave(15 * 256).repeat(2, 1)  # ends within a code frame
    output = model.training_output(torch.randn(2, 15, 20), audio)
    assert output.wave.shape == audio.shape
    assert output.mel is not None
    assert output.commitment is not None
    assert output.mel.shape == (2, 15, 20)
    (output.wave.square().mean() + output.mel.mean() + output.commitment).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (torch.full((1, 4, 3), 16), r"must lie in 0\.\.15; these reach from 16 to 16"),
        (torch.full((1, 4, 3), -1), "these reach from -1"),
        (torch.zeros(1, 4, 2, dtype=torch.long), r"frames, 3\)"),
        (torch.zeros(1, 0, 3, dtype=torch.long), "at least one frame"),
        (np.zeros((1, 4, 3)), "not a ndarray; torch.as_tensor"),  # type: ignore[list-item]
        (torch.zeros(1, 4, 3), r"are integers \(int64\), not \(1, 4, 3\) of float32"),
    ],
)
def test_codes_that_the_codec_lacks_are_rejected(codes: Tensor, message: str) -> None:
    model = codec()
    with pytest.raises(UserError, match=message):
        model.decode(codes)
    with pytest.raises(UserError, match=message):
        list(model.stream(codes, 3))


@pytest.mark.parametrize(
    "waveform", [torch.zeros(5000), torch.zeros(1, 0), torch.zeros(1, 5000, dtype=torch.int16)]
)
@pytest.mark.parametrize("made", [codec, partial(MelRVQ, CONTRACT)])
def test_what_is_no_waveform_is_rejected(made: Callable[[], Codec], waveform: Tensor) -> None:
    shape = re.escape(str(tuple(waveform.shape)))
    with pytest.raises(UserError, match=rf"the shape \(utterances, samples\) .* not {shape} of"):
        made().encode(waveform)


def test_rates_must_make_the_code_frame() -> None:
    with pytest.raises(UserError, match=r"rates=\[4, 4\] make 16 .*model\.stride=2 are 512"):
        WaveformEncoder(CONTRACT, 512, 8, **SIZE, rates=(4, 4))


def save(model: NeuralCodec, folder: Path, speaking: dict[str, object] | None = None) -> None:
    part = "tts.vocoders"
    size = {"_partial_": True, **SIZE}
    config = {
        "_target_": f"{part}.neural_codec.NeuralCodec", "_partial_": True, "stride": 2,
        "codec_encoder": {"_target_": f"{part}.codec_encoder.MelEncoder", **size},
        "decoder": {"_target_": f"{part}.neural_codec.LatentDecoder", **size},
        "vocos": {"_target_": f"{part}.vocos.Vocos", **size},
        "quantizer": {
            "_target_": "tts.modules.residual_quantizer.ResidualVectorQuantizer",
            "_partial_": True, "dim": 8, "codebooks": 3, "codebook_size": 16,
        },
    }  # fmt: skip
    run = Run(
        folder, {"model": config}, CONTRACT, None, None, model.state_dict(), 5, speaking or {}
    )
    save_voice(run, folder, {})


def test_a_saved_codec_has_the_same_contract_and_another_is_named(tmp_path: Path) -> None:
    model = codec()
    save(model, tmp_path / "a", {"refinements": 2})
    again = load_codec(tmp_path / "a", model.contract)
    assert again.contract == model.contract
    assert isinstance(again, NeuralCodec)
    assert again.vocos.refinements == 2
    assert torch.equal(again.encode(wave(3000)), model.encode(wave(3000)))
    with torch.no_grad():
        again.quantizer.entries.add_(0.01)
    with pytest.raises(ContractError, match=r"weights: \w+ in the model, \w+ in .*/a"):
        load_codec(tmp_path / "a", again.contract)
    with pytest.raises(ContractError, match=r"hop: 256 in the model, 512 in"):
        load_codec(tmp_path / "a", replace(model.contract, hop=256))
    with pytest.raises(CheckpointError, match="is a codec; give a vocoder"):
        load_vocoder(CONTRACT, tmp_path / "a", None)


def test_a_vocos_starts_the_decoder(tmp_path: Path) -> None:
    config = {"_target_": "tts.vocoders.vocos.Vocos", "_partial_": True, **SIZE, "prior": True}
    vocos = Vocos(CONTRACT, **SIZE, prior=True)
    save_voice(Run(tmp_path, {"model": config}, CONTRACT, None, None, vocos.state_dict(), 5),
               tmp_path / "v", {})  # fmt: skip
    model = codec(prior=True)
    start_from(str(tmp_path / "v"), model, None)
    for name, weight in vocos.state_dict().items():
        assert torch.equal(model.vocos.state_dict()[name], weight), name
    with pytest.raises(UserError, match=r"prior=true predicts .*model\.vocos\.prior=true"):
        start_from(str(tmp_path / "v"), codec(), None)
    sampled = codec(head="samples")  # whose layers are new, and have no prior
    start_from(str(tmp_path / "v"), sampled, None)
    assert torch.equal(sampled.vocos.last_norm.weight, vocos.last_norm.weight)
    assert torch.equal(sampled.vocos.embed.weight, vocos.embed.weight)
    other = codec()
    other.mel = replace(CONTRACT, fmax=11025.0)
    with pytest.raises(ContractError, match="fmax: 11025"):
        start_from(str(tmp_path / "v"), other, None)
