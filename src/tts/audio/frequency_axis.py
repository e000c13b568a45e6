"""Frequency axes of pictures: kilohertz among the bands of a mel or the bins of an STFT."""

from collections.abc import Callable
from typing import NamedTuple

from tts.audio.mel_filters import hz_to_mel
from tts.contract import MelContract

KILOHERTZ = (0, 0.25, 0.5, 1, 2, 4, 8, 12, 16, 20)


class FrequencyAxis(NamedTuple):
    """Ticks of a picture with one row per band or bin; row n covers n to n + 1."""

    positions: list[float]
    labels: list[str]  # kHz


def mel_axis(contract: MelContract) -> FrequencyAxis:
    """Return the ticks of a mel: band b has its center between the edges b and b + 2."""
    low, high = (hz_to_mel(hertz, contract.scale) for hertz in (contract.fmin, contract.fmax))

    def position(hertz: float) -> float:
        share = (hz_to_mel(hertz, contract.scale) - low) / (high - low)
        return share * (contract.bands + 1) - 0.5

    return _within(position, contract.bands)


def stft_axis(contract: MelContract) -> FrequencyAxis:
    """Return the ticks of an STFT's bins from 0 Hz to half the sample rate."""
    bins = contract.n_fft // 2 + 1
    return _within(lambda hertz: hertz * contract.n_fft / contract.sample_rate + 0.5, bins, 0.1)


def _within(position: Callable[[float], float], rows: int, apart: float = 0.05) -> FrequencyAxis:
    """Keep the ticks inside the picture, at least a share ``apart`` of its height from another."""
    positions: list[float] = []
    labels: list[str] = []
    for kilohertz in KILOHERTZ:
        exact = position(1000.0 * kilohertz)
        place = min(max(exact, 0.0), float(rows))
        far_enough = not positions or place - positions[-1] >= apart * rows
        if abs(exact - place) <= 1 and far_enough:
            positions.append(place)
            labels.append(f"{kilohertz:g}")
    return FrequencyAxis(positions, labels)
