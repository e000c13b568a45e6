"""The judges: what they hear, at which widths."""

import pytest
import torch

from tts.discriminators.base import Discriminators, scaled_channels
from tts.discriminators.cqt import ConstantQ, MultiConstantQDiscriminator
from tts.discriminators.period import MultiPeriodDiscriminator, PeriodDiscriminator
from tts.discriminators.resolution import MultiResolutionDiscriminator
from tts.discriminators.scale import MultiScaleDiscriminator

FAMILIES = [
    (MultiPeriodDiscriminator, 5),
    (MultiScaleDiscriminator, 3),
    (MultiResolutionDiscriminator, 3),
    (MultiConstantQDiscriminator, 3),
]


@pytest.mark.parametrize(("family", "members"), FAMILIES)
@pytest.mark.parametrize("samples", [4096, 5001])
def test_each_member_scores_and_shows_its_layers(
    family: type[torch.nn.Module], members: int, samples: int
) -> None:
    judge = family(sample_rate=22050, width=0.05)
    real = judge(0.1 * torch.randn(2, samples))
    fake = judge(0.1 * torch.randn(2, samples))
    assert len(real.logits) == len(real.feature_maps) == members
    for one, other in zip(real.feature_maps, fake.feature_maps, strict=True):
        assert len(one) > 3
        assert [a.shape for a in one] == [b.shape for b in other]


@pytest.mark.parametrize(("family", "members"), FAMILIES)
def test_width_is_a_share_of_the_paper(family: type[torch.nn.Module], members: int) -> None:
    def count(width: float) -> int:
        return sum(p.numel() for p in family(sample_rate=22050, width=width).parameters())

    assert count(0.125) < count(0.25) < count(0.5) < count(1.0)
    assert count(0.125) < 0.08 * count(1.0)


def test_a_period_sees_its_own_rows() -> None:
    """What repeats with the period looks the same from row to row."""
    judge = PeriodDiscriminator(5, 0.05)
    wave = torch.randn(1, 5).repeat(1, 200)
    _, features = judge(wave)
    rows = features[0][0, :, 4:-4]  # away from the padding
    assert torch.allclose(rows, rows[:, :1].expand_as(rows), atol=1e-6)


@pytest.mark.parametrize("hertz", [100.0, 441.0, 3000.0, 9000.0])
def test_a_tone_is_in_its_own_octave_and_bin(hertz: float) -> None:
    rate, bins = 22050, 24
    time = torch.arange(2 * rate) / rate
    spectra = ConstantQ(256, 9, bins)(torch.sin(2 * torch.pi * hertz * time)[None])
    # magnitudes at the middle frame, from the highest octave down, each rising in pitch
    levels = [s[0, :, s.shape[2] // 2].norm(dim=0) for s in spectra]
    octave = max(range(9), key=lambda n: float(levels[n].max()))
    found = 0.25 * rate / 2**octave * 2 ** (int(levels[octave].argmax()) / bins)
    assert abs(torch.log2(torch.tensor(found / hertz))) < 0.6 / bins
    assert float(levels[octave].max()) == pytest.approx(0.25, rel=0.15)  # half of half a window
    assert len({s.shape[2] for s in spectra}) == 1


def test_judges_are_called_by_name_and_told_the_rate() -> None:
    rates = []

    def make(sample_rate: int) -> MultiPeriodDiscriminator:
        rates.append(sample_rate)
        return MultiPeriodDiscriminator(sample_rate, 0.05, (2,))

    judges = Discriminators({"a": make, "b": make}, sample_rate=16000)
    assert set(judges(torch.randn(1, 2000))) == {"a", "b"}
    assert rates == [16000, 16000]


def test_narrow_channels_stay_usable() -> None:
    assert scaled_channels(32, 1.0) == 32
    assert scaled_channels(32, 0.125) == 4
    assert scaled_channels(32, 0.01) == 4
