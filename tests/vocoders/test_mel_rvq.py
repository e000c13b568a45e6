"""Residual mel quantizer: more codebooks lose less, and a saved codec makes the same codes."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.data.recordings import TEXTS, hum
from tts.audio.mel import mel_spectrogram
from tts.checkpoint import CheckpointError
from tts.contract import ContractError, MelContract
from tts.errors import UserError
from tts.vocoders.codec import load_codec
from tts.vocoders.load import BUNDLED
from tts.vocoders.mel_rvq import MelRVQ, fit_mel_rvq

CONTRACT = MelContract(bands=20)


def recording(number: int) -> Tensor:
    return torch.from_numpy(hum(TEXTS[number], number))


@pytest.fixture(scope="module")
def mels() -> Tensor:
    return torch.cat([mel_spectrogram(recording(number), CONTRACT) for number in range(3)])


@pytest.fixture(scope="module")
def codec(mels: Tensor) -> MelRVQ:
    return fit_mel_rvq(mels, CONTRACT, codebooks=3, codebook_size=16, rounds=8)


def test_encoding_gives_one_code_per_frame_and_codebook(codec: MelRVQ) -> None:
    codes = codec.encode(torch.stack([recording(3)[:3000], recording(4)[:3000]]))
    assert codes.shape == (2, -(-3000 // CONTRACT.hop), 3)
    assert codes.dtype == torch.int64
    assert set(codes.unique().tolist()) <= set(range(16))


def test_the_error_of_a_round_trip_falls_with_every_codebook(mels: Tensor, codec: MelRVQ) -> None:
    unseen = recording(3)[None]
    mel = mel_spectrogram(unseen, CONTRACT)
    errors, distances = [], []
    for count in (1, 2, 3):
        part = MelRVQ(CONTRACT, count, 16)
        part.entries.copy_(codec.entries[:count])
        codes = part.encode(unseen)
        assert torch.equal(codes, codec.encode(unseen)[..., :count])
        errors.append(float((part.dequantize(codes) - mel).square().mean()))
        copy = part.decode(codes)
        assert copy.shape == (1, mel.shape[1] * CONTRACT.hop)
        distances.append(float((mel_spectrogram(copy, CONTRACT) - mel).abs().mean()))
    assert errors[0] > errors[1] > errors[2]
    assert distances[0] > distances[2]
    assert errors[2] < 0.2 * float((mel - mels.mean(0)).square().mean())


def test_codes_of_dequantized_mels_are_the_same(codec: MelRVQ) -> None:
    codes = codec.encode(recording(0)[None])[..., :1]
    one = MelRVQ(CONTRACT, 1, 16)
    one.entries.copy_(codec.entries[:1])
    assert torch.equal(one.quantize(one.dequantize(codes)), codes)


def test_a_saved_codec_makes_the_same_codes(codec: MelRVQ, tmp_path: Path) -> None:
    codec.save(tmp_path / "codec", {"data": "hums"})
    again = load_codec(tmp_path / "codec", codec.contract)
    assert again.contract == codec.contract
    assert codec.contract.name == "MelRVQ"
    assert torch.equal(again.encode(recording(1)[None]), codec.encode(recording(1)[None]))


def test_other_weights_are_another_codec(codec: MelRVQ, tmp_path: Path) -> None:
    codec.save(tmp_path / "codec")
    other = load_codec(tmp_path / "codec", codec.contract)
    assert isinstance(other, MelRVQ)
    other.entries[0, 0, 0] += 1e-3
    other.save(tmp_path / "other")
    with pytest.raises(ContractError, match=f"weights: {codec.contract.weights} in the model"):
        load_codec(tmp_path / "other", codec.contract)


def test_a_vocoder_is_not_a_codec() -> None:
    with pytest.raises(CheckpointError, match=r"is not a codec: its model is .*Vocos"):
        load_codec(BUNDLED)


@pytest.mark.parametrize(
    ("codes", "culprit"),
    [
        (torch.zeros(1, 4, 2, dtype=torch.long), r"frames, 3"),
        (torch.zeros(1, 0, 3, dtype=torch.long), "at least one frame"),
        (torch.full((1, 4, 3), 16), r"0\.\.15.* to 16"),
        (torch.full((1, 4, 3), -1), "from -1"),
    ],
)
def test_codes_of_another_codec_are_rejected(codec: MelRVQ, codes: Tensor, culprit: str) -> None:
    with pytest.raises(UserError, match=culprit):
        codec.decode(codes)


def test_too_few_frames_to_fit_are_rejected(mels: Tensor) -> None:
    with pytest.raises(UserError, match="codebook_size=16"):
        fit_mel_rvq(mels[:15], CONTRACT, codebook_size=16)
