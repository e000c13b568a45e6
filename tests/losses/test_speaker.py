"""Speaker similarity as a loss: embeddings of mels are those of waveforms, and gradients flow."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soxr
import torch

from tests.metrics.recordings import synthesize
from tts.audio.mel import mel_spectrogram
from tts.contract import MelContract
from tts.losses.speaker import SpeakerSimilarityLoss
from tts.speakers.bundled import ENCODER_RATE, embed_speaker
from tts.speakers.mel_encoder import MelSpeakerEncoder

CONTRACT = MelContract()
TEXT = "The harbour was full of painted ships."


@pytest.fixture(scope="module")
def waves() -> list[np.ndarray]:
    return [synthesize(TEXT, "f3"), synthesize(TEXT, "m7")]


def mel_of(wave: np.ndarray) -> torch.Tensor:
    return mel_spectrogram(torch.from_numpy(wave), CONTRACT)


def test_a_mel_has_the_embedding_of_its_waveform(waves: list[np.ndarray]) -> None:
    encoder = MelSpeakerEncoder(CONTRACT, windows=20)
    for wave in waves:
        mel = mel_of(wave)[None]
        found = encoder(mel, torch.tensor([mel.shape[1]]))[0]
        speech = np.asarray(soxr.resample(wave, CONTRACT.sample_rate, ENCODER_RATE), np.float32)
        assert float(found @ torch.from_numpy(embed_speaker(speech))) > 0.9
        louder = encoder(mel + 1.0, torch.tensor([mel.shape[1]]))[0]
        assert torch.allclose(found, louder, atol=1e-4)


def test_the_loss_is_zero_for_the_reference_and_teaches_its_voice(waves: list[np.ndarray]) -> None:
    one, other = (mel_of(wave)[None, :150] for wave in waves)
    length = torch.tensor([150])
    batch: Any = SimpleNamespace(
        mel=other,
        frame_lengths=length,
        reference=one,
        reference_lengths=length,
        embedding=None,
    )
    loss = SpeakerSimilarityLoss()
    assert loss(SimpleNamespace(mel=one), batch) is None  # before the model is known
    loss.attach(SimpleNamespace(contract=CONTRACT))  # type: ignore[arg-type]
    same = loss(SimpleNamespace(mel=one), batch)
    assert same is not None
    assert abs(float(same)) < 1e-5
    mel = other.clone().requires_grad_()
    different = loss(SimpleNamespace(mel=mel), batch)
    assert different is not None
    assert float(different.detach()) > 0.1
    different.backward()
    assert mel.grad is not None
    closer = loss(SimpleNamespace(mel=(mel - 2 * mel.grad / mel.grad.norm()).detach()), batch)
    assert closer is not None
    assert float(closer) < float(different.detach())
    assert not list(loss.parameters())


def test_prepared_embeddings_are_what_is_to_be_reached(waves: list[np.ndarray]) -> None:
    mel = mel_of(waves[0])[None, :150]
    length = torch.tensor([150])
    found = MelSpeakerEncoder(CONTRACT, windows=2)(mel, length)
    batch: Any = SimpleNamespace(
        mel=mel, frame_lengths=length, reference=mel_of(waves[1])[None], reference_lengths=length,
        embedding=3 * found,
    )  # fmt: skip
    loss = SpeakerSimilarityLoss()
    loss.attach(SimpleNamespace(contract=CONTRACT))  # type: ignore[arg-type]
    value = loss(SimpleNamespace(mel=mel), batch)
    assert value is not None
    assert abs(float(value)) < 1e-5
