"""Where speech begins and ends in a recording, whatever offset or clicks it has."""

import numpy as np

WINDOW = 0.02  # seconds over which a level is measured
OFFSET = 0.01  # of the standard deviation; clean recordings have a tenth of it
ISOLATION = 0.25  # seconds of quiet around a sound that stands alone
CLICK_RUN = 2  # windows: no sound of speech that stands alone is as short
CLICK_TOTAL = 4  # windows: pressing and releasing a mouse button makes two clicks


def remove_offset(samples: np.ndarray) -> np.ndarray:
    """Subtract the mean of ``(S,)`` samples where it is an offset, the sound card's.

    Recordings without one stay as they are, digital silence included.
    """
    mean = float(samples.mean(dtype=np.float64))
    if abs(mean) <= OFFSET * float(samples.std(dtype=np.float64)):
        return samples
    return samples - np.asarray(mean, samples.dtype)


def levels(samples: np.ndarray, size: int) -> np.ndarray:
    """Return the ``(W,)`` RMS of windows of ``size`` samples, each around its own mean."""
    windows = np.pad(samples, (0, -len(samples) % size), mode="edge").reshape(-1, size)
    return windows.std(1)


def loud_windows(level: np.ndarray, below: float) -> tuple[np.ndarray, float]:
    """Return the indices of the windows that hold speech, and the level of the loudest.

    ``level``: ``(W,)`` of :func:`levels`. ``below``: decibels below the loudest that count as
    silence. Clicks, loud for a moment and with quiet on both sides, neither count as speech nor as
    the loudest.
    """
    active = np.ones(len(level), bool)
    while True:
        loudest = float(level[active].max()) if active.any() else 0.0
        loud = np.flatnonzero(active & (level > loudest * 10 ** (-below / 20)))
        clicks = _clicks(loud)
        if len(clicks) == 0 or len(clicks) == active.sum():
            return loud, loudest
        active[clicks] = False


def _clicks(loud: np.ndarray) -> np.ndarray:
    """Return those of the ``loud`` windows that belong to clicks."""
    quiet = int(ISOLATION / WINDOW)
    clicks = []
    for sound in np.split(loud, np.flatnonzero(np.diff(loud) > quiet) + 1):
        runs = np.split(sound, np.flatnonzero(np.diff(sound) > 1) + 1)
        if len(sound) <= CLICK_TOTAL and max(map(len, runs)) <= CLICK_RUN:
            clicks.append(sound)
    return np.concatenate(clicks) if clicks else np.array([], int)
