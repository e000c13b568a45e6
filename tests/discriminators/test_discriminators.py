"""Discriminators: inputs, outputs, widths, and the constant-Q transform."""

from functools import partial

import pytest
import torch

from tts.discriminators.base import Discriminators, scaled_channels
from tts.discriminators.cqt import ConstantQ, MultiConstantQDiscriminator
from tts.discriminators.period import MultiPeriodDiscriminator, PeriodDiscriminator
from tts.discriminators.resolution import MultiResolutionDiscriminator
from tts.discriminators.scale import MultiScaleDiscriminator
from tts.errors import UserError

FAMILIES = [
    (MultiPeriodDiscriminator, 5),
    (MultiScaleDiscriminator, 3),
    (MultiResolutionDiscriminator, 3),
    (MultiConstantQDiscriminator, 3),
]


@pytest.mark.parametrize(("family", "members"), FAMILIES)
@pytest.mark.parametrize("samples", [4096, 5001])
def test_each_member_returns_logits_and_feature_maps(
    family: type[torch.nn.Module], members: int, samples: int
) -> None:
    discriminator = family(width=0.05)
    real = discriminator(0.1 * torch.randn(2, samples))
    fake = discriminator(0.1 * torch.randn(2, samples))
    assert len(real.logits) == len(real.feature_maps) == members
    for of_real, of_fake in zip(real.feature_maps, fake.feature_maps, strict=True):
        assert len(of_real) > 3
        assert [a.shape for a in of_real] == [b.shape for b in of_fake]


def test_the_bands_cover_the_spectrum_once() -> None:
    def features(bands: tuple[float, ...]) -> list[torch.Tensor]:
        discriminator = MultiResolutionDiscriminator(0.05, (512,), bands)
        return discriminator(0.1 * torch.randn(1, 4096)).feature_maps[0]

    assert len(features((0, 0.25, 0.5, 1))) == 3 * 5 + 1
    one = features((0, 1))
    assert len(one) == 5 + 1
    assert one[0].shape[-1] == 257  # bins of the spectrum
    for wrong in ((0, 0.5), (0.1, 1), (0, 0.6, 0.4, 1), (1,)):
        with pytest.raises(UserError, match="bands"):
            features(wrong)


@pytest.mark.parametrize(("family", "members"), FAMILIES)
def test_width_scales_the_published_channels(family: type[torch.nn.Module], members: int) -> None:
    def count(width: float) -> int:
        return sum(p.numel() for p in family(width=width).parameters())

    assert count(0.125) < count(0.25) < count(0.5) < count(1.0)
    assert count(0.125) < 0.08 * count(1.0)


def test_a_signal_with_the_period_has_equal_rows() -> None:
    wave = torch.randn(1, 5).repeat(1, 200)
    _, feature_maps = PeriodDiscriminator(5, 0.05)(wave)
    rows = feature_maps[0][0, :, 4:-4]  # away from the padding
    assert torch.allclose(rows, rows[:, :1].expand_as(rows), atol=1e-6)


@pytest.mark.parametrize("hertz", [100.0, 441.0, 3000.0, 9000.0])
def test_a_tone_is_in_the_expected_octave_and_bin(hertz: float) -> None:
    rate, bins = 22050, 24
    time = torch.arange(2 * rate) / rate
    spectra = ConstantQ(256, 9, bins)(torch.sin(2 * torch.pi * hertz * time)[None])
    # at the middle frame, from the highest octave down, each from its lowest pitch up
    magnitudes = [s[0, :, s.shape[2] // 2].norm(dim=0) for s in spectra]
    octave = max(range(9), key=lambda n: float(magnitudes[n].max()))
    found = 0.25 * rate / 2**octave * 2 ** (int(magnitudes[octave].argmax()) / bins)
    assert abs(torch.log2(torch.tensor(found / hertz))) < 0.6 / bins
    assert float(magnitudes[octave].max()) == pytest.approx(0.25, rel=0.15)  # half of half a window
    assert len({s.shape[2] for s in spectra}) == 1


def test_a_factory_gets_what_it_declares() -> None:
    rates = []

    def make(sample_rate: int) -> MultiPeriodDiscriminator:
        rates.append(sample_rate)
        return MultiPeriodDiscriminator(0.05, (2,))

    plain = partial(MultiPeriodDiscriminator, width=0.05)
    made = Discriminators({"a": make, "b": make, "c": plain}, sample_rate=16000)
    assert set(made(torch.randn(1, 2000))) == {"a", "b", "c"}
    assert rates == [16000, 16000]
    with pytest.raises(UserError, match=r"discriminator 'a' needs sample_rate; .* gives bands"):
        Discriminators({"a": make}, bands=80)


def test_scaled_channels_are_at_least_four() -> None:
    assert scaled_channels(32, 1.0) == 32
    assert scaled_channels(32, 0.125) == 4
    assert scaled_channels(32, 0.01) == 4
