"""Tests of the harmonic source: its impulses, its pitch, and what a Vocos makes of it."""

import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from tts.audio.mel import mel_spectrogram
from tts.audio.pitch import estimate_pitch
from tts.checkpoint import Run, save_voice
from tts.chunks import as_they_come
from tts.contract import MelContract
from tts.errors import UserError
from tts.training.warm_start import start_from
from tts.vocoders.harmonic_source import CLASSES, HarmonicSource, moving
from tts.vocoders.harmonic_vocos import HarmonicVocos
from tts.vocoders.inverse_mel import InverseMel
from tts.vocoders.vocos import Vocos

CONTRACT = MelContract()
RATE = CONTRACT.sample_rate
SMALL = partial(HarmonicSource, dim=16, hidden=32, depth=1)


@pytest.fixture
def source() -> HarmonicSource:
    torch.manual_seed(0)
    return SMALL(CONTRACT).eval()


def track(hertz: torch.Tensor) -> torch.Tensor:
    """``(T,)`` Hz -> ``(1, T, 3)``."""
    return moving(hertz.log()[None])


@pytest.mark.parametrize("hertz", [70.0, 123.4, 440.0])
def test_impulses_have_every_harmonic_at_amplitude_1_and_nothing_else(
    source: HarmonicSource, hertz: float
) -> None:
    wave = source.impulse_train(track(torch.full((100,), hertz)))[0].flatten()
    time = (torch.arange(len(wave), dtype=torch.float64) + 1) / RATE
    expected = sum(
        torch.cos(2 * math.pi * hertz * k * time) for k in range(1, int(RATE / 2 / hertz) + 1)
    )
    assert isinstance(expected, torch.Tensor)
    assert (wave - expected).norm() < 0.01 * expected.norm()


def test_a_gliding_pitch_is_the_pitch_that_is_heard(source: HarmonicSource) -> None:
    hertz = torch.linspace(math.log2(110), math.log2(300), 120).exp2()
    wave = source.impulse_train(track(hertz))[0].flatten().numpy()
    peaks = np.flatnonzero((wave[1:-1] > 20) & (wave[1:-1] >= wave[:-2]) & (wave[1:-1] > wave[2:]))
    cycles = np.cumsum((track(hertz)[0] @ source.weights).exp().numpy().ravel() / RATE)
    # between two impulses lies one cycle, to within half a sample on either side
    assert np.abs(np.diff(cycles[peaks + 1]) - 1).max() < 1.01 * 300 / RATE
    assert len(peaks) == int(cycles[-1])


def test_an_excitation_goes_on_where_its_last_piece_ended(source: HarmonicSource) -> None:
    pitch = track(80 + 300 * torch.rand(600, generator=torch.Generator().manual_seed(1)))
    whole, end = source.excitation(pitch)
    pieces, state = [], None
    for piece in pitch.split([1, 250, 7, 342], 1):
        part, state = source.excitation(piece, state)
        pieces.append(part)
    assert state is not None
    assert state.frames == end.frames == 600
    torch.testing.assert_close(state.phase, end.phase, atol=1e-9, rtol=0)
    torch.testing.assert_close(torch.cat(pieces, 1), whole, atol=2e-2, rtol=0)  # of 140
    again, _ = source.excitation(pitch)
    assert torch.equal(again, whole), "the noise of synthesis is always the same"


def test_an_hour_of_phase_is_as_exact_as_a_second(source: HarmonicSource) -> None:
    constant = track(torch.full((50,), 200.0))
    first, _ = source.impulse_train(constant)
    cycles = 3600 * 86 * 256 * 200 / RATE  # after an hour
    late, _ = source.impulse_train(constant, torch.tensor([math.ceil(cycles)]).double() % 1)
    torch.testing.assert_close(late, first)


def test_the_pitch_network_learns_the_pitch_of_a_mel() -> None:
    torch.manual_seed(0)
    source = SMALL(CONTRACT)
    optimizer = torch.optim.AdamW(source.parameters(), lr=5e-3)
    hertz = (torch.linspace(math.log2(90), math.log2(320), 40)).exp2()
    with torch.no_grad():
        waves = source.impulse_train(hertz.log()[:, None, None].expand(-1, 12, 3))[0].flatten(1)
    mel = mel_spectrogram(0.01 * waves, CONTRACT)
    recorded = hertz[:, None].expand(-1, 12).clone()
    recorded[:, 5] = 0  # an unvoiced frame teaches nothing
    first = float(source.pitch_loss(source.logits(mel), recorded))
    for _ in range(60):
        optimizer.zero_grad()
        loss = source.pitch_loss(source.logits(mel), recorded)
        loss.backward()
        optimizer.step()
    error = 12 * (source.pitch(mel)[:, 6] / hertz).log2().abs()
    assert float(loss) < 0.5 * first
    assert error.median() < 0.5, "semitones"


def test_the_loss_is_least_at_the_recorded_pitch(source: HarmonicSource) -> None:
    recorded = torch.tensor([[100.0, 0.0, 251.7]])
    place = (recorded.clamp(min=1).log() - source.log_hertz[0]) * CLASSES / math.log(2)
    classes = torch.arange(len(source.log_hertz))
    right = (1 - (classes - place[..., None]).abs()).clamp(min=1e-6).log()
    found = source.log_pitch(right)
    assert (12 * (found.exp() / recorded).log2())[recorded > 0].abs().max() < 0.2
    unvoiced = torch.zeros(1, 3)
    assert source.pitch_loss(right, unvoiced) == 0, "without a voiced frame there is no loss"
    wrong = right.roll(5, -1)
    assert source.pitch_loss(right, recorded) < 0.8 < source.pitch_loss(wrong, recorded)
    outside = torch.tensor([[20.0, 5000.0, 0.0]])  # beyond the classes
    assert source.pitch_loss(right, outside) == 0


def test_a_wrong_pitch_is_replaced_in_training_alone_where_it_is_known(
    source: HarmonicSource,
) -> None:
    logits = torch.zeros(1, 4, len(source.log_hertz))
    logits[..., 40] = 20.0
    predicted = float(source.log_hertz[40].exp())
    recorded = torch.tensor([[predicted, predicted * 1.01, predicted * 2, 0.0]])
    found = source.corrected(logits, recorded).exp()
    expected = torch.tensor([[predicted, predicted, predicted * 2, predicted]])
    torch.testing.assert_close(found, expected, atol=0.1, rtol=0)


def test_pieces_that_come_join_to_the_same_values() -> None:
    x = torch.randn(1, 50, 2)

    def function(x: torch.Tensor) -> torch.Tensor:  # sees two frames on either side
        padded = torch.nn.functional.pad(x, (0, 0, 2, 2))
        return padded.unfold(1, 5, 1).sum((2, 3))

    for sizes in ([50], [1] * 50, [3, 30, 1, 16], [48, 2]):
        pieces, values = zip(*as_they_come(x.split(sizes, 1), function, 2), strict=True)
        assert torch.equal(torch.cat(pieces, 1), x)
        torch.testing.assert_close(torch.cat(values, 1), function(x))
    assert not list(as_they_come([], function, 2))


def test_band_gains_give_an_excitation_the_mel() -> None:
    inverse = InverseMel(CONTRACT, 3)
    torch.manual_seed(0)
    mel = torch.randn(1, 20, 80).cumsum(2) * 0.3 - 3
    magnitude = 5 * torch.ones(1, 20, 513)
    scaled = magnitude * inverse.band_gains(magnitude, mel)
    found = (scaled @ inverse.filters.T).log()
    assert (found - mel).abs().mean() < 0.1
    silent = inverse.band_gains(torch.zeros(1, 20, 513), mel)
    assert torch.isfinite(silent).all(), "a band without excitation has a limited gain"
    top = scaled[..., -100:]  # above the highest filter
    torch.testing.assert_close(top, top[..., :1].expand_as(top))


def test_an_untrained_vocos_with_a_source_has_the_pitch_and_the_mel() -> None:
    """What training starts from: harmonics of the pitch at the level of the mel."""
    torch.manual_seed(0)
    vocos = HarmonicVocos(CONTRACT, SMALL, 16, 32, 2, refinements=0).eval()
    hertz = torch.linspace(math.log2(120), math.log2(240), 80).exp2()
    wave = 0.01 * vocos.source.impulse_train(track(hertz))[0].flatten(1)
    mel = mel_spectrogram(wave, CONTRACT)
    train, _ = vocos.source.impulse_train(track(hertz))
    excitation = torch.stack([train, torch.randn_like(train)], 2)
    with torch.inference_mode():
        copy = vocos(mel, excitation)
    found = estimate_pitch(copy[0].numpy(), CONTRACT)[5:-5]
    assert np.abs(12 * np.log2(found / hertz[5:-5].numpy())).max() < 0.3
    assert (mel_spectrogram(copy, CONTRACT) - mel)[:, 5:-5].abs().mean() < 0.5


def test_training_samples_the_noise_and_teaches_both_networks() -> None:
    torch.manual_seed(0)
    vocos = HarmonicVocos(CONTRACT, SMALL, 16, 32, 2)
    mel, audio = torch.randn(2, 20, 80) - 4, 0.1 * torch.randn(2, 20 * 256)
    pitch = torch.full((2, 20), 150.0)
    first, second = (vocos.training_output(mel, audio, pitch) for _ in range(2))
    assert not torch.equal(first.wave, second.wave)
    assert first.pitch_loss is not None
    assert first.pitch_loss == second.pitch_loss
    (first.wave.square().mean() + first.pitch_loss).backward()
    assert all(parameter.grad is not None for parameter in vocos.parameters())
    assert vocos.training_output(mel, audio).pitch_loss is None, "of a corpus without pitch"


def test_an_empty_range_of_pitch_is_an_error() -> None:
    for lowest, highest in ((500, 100), (60, 9000)):
        with pytest.raises(UserError, match=r"^model\.source\.lowest=\d+ must lie below"):
            HarmonicSource(CONTRACT, lowest=lowest, highest=highest)


def test_a_vocos_starts_a_vocos_with_a_source_without_its_phases(tmp_path: Path) -> None:
    torch.manual_seed(0)
    size = {"dim": 16, "hidden": 32, "depth": 2}
    vocos = Vocos(CONTRACT, **size)
    part = {"_target_": "tts.vocoders.vocos.Vocos", "_partial_": True, **size}
    run = Run(Path("tiny"), {"model": part}, CONTRACT, None, None, vocos.state_dict(), 1)
    save_voice(run, tmp_path / "vocos", {})
    started = HarmonicVocos(CONTRACT, SMALL, **size)
    own = started.spectrum.weight.detach().clone()
    start_from(str(tmp_path / "vocos"), started, None)
    assert torch.equal(started.blocks[1].expand.weight, vocos.blocks[1].expand.weight)
    assert torch.equal(started.spectrum.weight, own), "phases are no filters"


def test_the_pitch_has_full_precision_under_autocast(source: HarmonicSource) -> None:
    mel = torch.randn(1, 30, 80, generator=torch.Generator().manual_seed(0)) - 4
    expected, _ = source.excitation(source.track(mel))
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = source.excitation(source.track(mel))
        in_training, _ = source.training_impulses(mel, torch.zeros(1, 30))
    assert torch.equal(found, expected)
    assert torch.equal(in_training, expected[:, :, 0])
