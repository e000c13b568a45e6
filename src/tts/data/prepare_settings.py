"""Settings of preparing a corpus; part of the prepared folder's name."""

from dataclasses import dataclass

from tts.bounds import Decibels, NonNegative, Positive, Seed, Share, ShareBelowOne, Steps
from tts.errors import UserError


@dataclass(frozen=True)
class PrepareSettings:
    """Every field is a key under ``data.prepare``."""

    trim_db: Positive = 40.0  # silence is this far below the loudest 20 ms
    trim_margin: NonNegative = 0.08  # seconds of silence that stay on both sides
    silent_db: Decibels = -55.0  # a clip whose loudest 20 ms are below this is silent
    min_seconds: Positive = 0.5  # after trimming
    max_seconds: Positive = 20.0
    max_clipped: Share = 0.01  # share of samples at full scale
    max_outlier: Positive = 6.0  # robust standard deviations of characters per second
    max_dropped: Share = 0.2  # share of utterances; above it preparing fails
    pitch_min: Positive = 65.0  # Hz
    pitch_max: Positive = 500.0
    validation_share: ShareBelowOne = 0.05  # of the texts
    validation_max: Steps = 200  # texts, at most
    seed: Seed = 1  # chooses the texts for validation

    def __post_init__(self) -> None:
        if not 0 <= self.validation_share < 1:
            raise UserError(
                f"data.prepare.validation_share={self.validation_share} must be at least 0 and "
                "below 1"
            )
        if not 0 < self.min_seconds < self.max_seconds:
            raise UserError(
                f"data.prepare.min_seconds={self.min_seconds} must be above 0 and below "
                f"data.prepare.max_seconds={self.max_seconds}"
            )
