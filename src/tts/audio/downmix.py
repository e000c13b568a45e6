"""Mixing of several channels to one."""

import numpy as np

INVERTED = -0.5  # correlation with the loudest channel below which a channel counts as inverted


def to_mono(samples: np.ndarray) -> np.ndarray:
    """Average the channels of ``(S, channels)`` samples to ``(S,)``.

    A channel of inverted polarity, as of a microphone that is wired the wrong way, is turned back:
    otherwise it would cancel the others.
    """
    if samples.shape[1] == 1:
        return samples[:, 0]
    power = (samples.astype(np.float64) ** 2).sum(0)
    loudest = samples[:, int(power.argmax())].astype(np.float64)
    product = loudest @ samples.astype(np.float64)
    correlation = product / np.sqrt(np.maximum(power * power.max(), 1e-30))
    inverted = correlation < INVERTED
    if inverted.any():
        samples = samples * np.where(inverted, -1, 1).astype(samples.dtype)
    return samples.mean(1)
