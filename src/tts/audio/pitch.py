"""Pitch tracking: fundamental frequency by autocorrelation, as in Praat.

Boersma 1993, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound". Equation numbers refer to it.
"""

from functools import lru_cache

import numpy as np
import torch

from tts.contract import MelContract

CANDIDATES = 6  # voiced, per frame
VOICING = 0.45  # threshold of the autocorrelation for voiced frames
SILENCE = 0.03  # of the clip's peak: threshold below which frames tend to be unvoiced
OCTAVE = 0.01  # favors the higher of two candidates an octave apart
JUMP = 0.35  # cost of an octave between neighboring frames, per 10 ms
FACTORS = (1, 3, 5, 9, 15)  # times a power of two: lengths of a fast Fourier transform
SWITCH = 0.14  # cost of going from voiced to unvoiced or back, per 10 ms


def estimate_pitch(
    wave: np.ndarray, contract: MelContract, fmin: float = 65.0, fmax: float = 500.0
) -> np.ndarray:
    """Estimate the pitch of ``(S,)`` samples: ``(T,)`` float32 Hz, 0 = unvoiced, T = ceil(S / hop).

    Frame t is centered on sample ``t * hop + hop / 2``, like the mel's. The candidates are the
    peaks of each frame's autocorrelation; the cheapest path through all frames is chosen.
    ``fmin``, ``fmax``: Hz.
    """
    strength, hertz = _candidates(wave, contract, fmin, fmax)
    seconds = contract.hop / contract.sample_rate
    return _best_path(strength, hertz, 0.01 / seconds)


def _candidates(
    wave: np.ndarray, contract: MelContract, fmin: float, fmax: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(T, 1 + CANDIDATES)`` strengths and Hz; candidate 0 is unvoiced and has 0 Hz."""
    rate, hop = contract.sample_rate, contract.hop
    window, own = _window(round(3 * rate / fmin))  # three periods of the lowest pitch
    size = len(window)
    frames = -(-len(wave) // hop)
    before = size // 2 - hop // 2
    padded = np.zeros(frames * hop + size, dtype=np.float32)
    padded[before : before + len(wave)] = wave
    cut = np.lib.stride_tricks.sliding_window_view(padded, size)[: frames * hop : hop]
    cut = cut - cut.mean(1, keepdims=True)
    loudness = np.maximum(cut.max(1), -cut.min(1))

    longest = min(int(np.ceil(rate / fmin)) + 2, size // 2)
    shortest = max(int(rate / fmax), 2)
    auto = _autocorrelation(cut * window, longest)
    # equation 9: the window's own autocorrelation divides out its taper
    auto = auto / np.maximum(auto[:, :1], 1e-12) / (own[: longest + 1] / own[0])

    left, middle, right = auto[:, shortest - 1 : -2], auto[:, shortest:-1], auto[:, shortest + 1 :]
    peaks = np.nonzero((middle > left) & (middle >= right) & (middle > 0.3 * VOICING))
    left, height, right = left[peaks], middle[peaks], right[peaks]
    # parabolic interpolation of the peak between samples
    shift = 0.5 * (right - left) / np.maximum(2 * height - left - right, 1e-9)
    height = height + 0.25 * (right - left) * shift
    lag = np.tile(np.arange(shortest, longest, dtype=np.float64), (frames, 1))
    lag[peaks] += np.clip(shift, -0.5, 0.5)
    # equation 24
    voiced = np.full(middle.shape, -np.inf)
    voiced[peaks] = np.minimum(height, 1.0) - OCTAVE * np.log2(fmin * lag[peaks] / rate)
    best = np.argpartition(-voiced, min(CANDIDATES, voiced.shape[1]) - 1)[:, :CANDIDATES]
    strength = np.take_along_axis(voiced, best, 1)
    hertz = rate / np.take_along_axis(lag, best, 1)
    strength = np.where((hertz >= fmin) & (hertz <= fmax), strength, -np.inf)

    # equation 23
    quiet = loudness / max(float(np.abs(wave).max(initial=0.0)), 1e-9) / SILENCE
    unvoiced = VOICING + np.maximum(0.0, 2.0 - quiet * (1 + VOICING))
    strength = np.concatenate([unvoiced[:, None], strength], 1)
    return strength, np.concatenate([np.zeros((frames, 1)), hertz], 1)


@lru_cache(maxsize=8)
def _window(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a Hann window and the first half of its autocorrelation, lags 0 to ``size // 2``."""
    window = np.hanning(size)
    own = _autocorrelation(window[None], size // 2)[0]
    return window.astype(np.float32), own.astype(np.float32)


def _autocorrelation(frames: np.ndarray, longest: int) -> np.ndarray:
    """Return lags 0 to ``longest`` of ``(T, W)`` frames: ``(T, longest + 1)``, in their dtype."""
    # zeros keep the end of a frame from wrapping into these lags (equation 12)
    least = frames.shape[1] + longest
    length = min(factor << max(0, (-(-least // factor) - 1).bit_length()) for factor in FACTORS)
    spectrum = torch.fft.rfft(torch.from_numpy(frames), length)
    power = spectrum.real.square() + spectrum.imag.square()
    return torch.fft.irfft(power, length)[:, : longest + 1].numpy()


def _best_path(strength: np.ndarray, hertz: np.ndarray, scale: float) -> np.ndarray:
    """Choose by Viterbi search with the costs of equation 27; ``scale``: 10 ms / time step."""
    frames, count = strength.shape
    voiced = hertz > 0
    octaves = np.log2(np.where(voiced, hertz, 1.0))
    jump = JUMP * np.abs(octaves[:-1, :, None] - octaves[1:, None])
    both = voiced[:-1, :, None] & voiced[1:, None]
    switch = voiced[:-1, :, None] != voiced[1:, None]
    cost = scale * np.where(both, jump, SWITCH * switch)  # (T - 1, from, to)
    back = np.zeros((frames, count), dtype=np.int64)
    score = strength[0]
    for t in range(1, frames):
        total = score[:, None] - cost[t - 1]
        total.argmax(0, out=back[t])
        score = np.maximum.reduce(total) + strength[t]
    path = np.empty(frames, dtype=np.int64)
    path[-1] = score.argmax()
    for t in range(frames - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return hertz[np.arange(frames), path].astype(np.float32)
