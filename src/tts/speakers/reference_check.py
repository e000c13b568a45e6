"""Checks of a recording whose voice is to be copied: is it speech, of one person, and clean?"""

import numpy as np

from tts.audio.pitch import estimate_pitch
from tts.audio.trimming import WINDOW, levels, loud_windows
from tts.contract import MelContract
from tts.errors import UserError

RATE = 16000  # Hz of what is checked
SILENT = -55.0  # dBFS of the loudest 20 ms
SHORTEST, RECOMMENDED, LONGEST = 1.0, 3.0, 30.0  # seconds
VOICED = 0.05  # least share of frames with a pitch; read speech has 0.15 to 0.9
STEADY = 0.75  # largest share of pitch steps below 0.1 semitones; speech has 0.05 to 0.6
PAUSES = 0.05  # least share of 20 ms that are half as loud as their second; speech: 0.18 to 0.6
FLAT = 8.0  # decibels between loud and quiet, below which a sound without pauses is no speech
NOISY = 18.0  # decibels between loud and quiet; quiet rooms have 25 to 70
CLIPPED = 0.001  # share of samples at full scale
TWO_SPEAKERS = 0.70  # cosine of the two groups of excerpts; of one speaker 0.74 to 1
EXCERPT = 1.6  # seconds of speech that are embedded
_CONTRACT = MelContract(RATE, hop=160, n_fft=400, window=400, fmax=RATE / 2)


def require_speech(samples: np.ndarray, name: str) -> None:
    """Raise UserError, which begins with ``name``, for what is silent, too short or not speech.

    ``samples``: ``(S,)`` at 16 kHz.
    """
    loud, loudest = loud_windows(levels(samples, int(WINDOW * RATE)), 40.0)
    if len(loud) == 0 or loudest < 10 ** (SILENT / 20):
        raise UserError(f"{name}: silent; record it again with the microphone on")
    seconds = (int(loud[-1]) - int(loud[0]) + 1) * WINDOW
    if seconds < SHORTEST:
        raise UserError(
            f"{name}: {seconds:.1f} s of sound are too short to copy a voice; give "
            f"{RECOMMENDED:.0f} to {LONGEST:.0f} s of speech"
        )
    pitch = estimate_pitch(samples, _CONTRACT)
    voiced = pitch > 0
    if voiced.mean() < VOICED:
        raise UserError(f"{name}: no speech was found in it; give a recording of somebody speaking")
    steps = 12 * np.abs(np.diff(np.log2(np.maximum(pitch, 1.0))))[voiced[1:] & voiced[:-1]]
    steady = float((steps < 0.1).mean()) if len(steps) else 0.0
    if steady > STEADY or (_pauses(samples) < PAUSES and _contrast(samples) < FLAT):
        raise UserError(
            f"{name}: it sounds like music or noise, not like speech; give a recording of somebody "
            "speaking"
        )


def remarks(samples: np.ndarray, clipped: float) -> list[str]:
    """Return what will make the copy worse, one line each.

    ``samples``: ``(S,)`` speech at 16 kHz; ``clipped``: share of samples at full scale.
    """
    found = []
    seconds = len(samples) / RATE
    if seconds < RECOMMENDED:
        found.append(
            f"{int(10 * seconds) / 10:.1f} s are short: with {RECOMMENDED:.0f} to {LONGEST:.0f} s "
            "the voice is closer"
        )
    if seconds > LONGEST:
        found.append(f"only its first {LONGEST:.0f} s are used")
    if (contrast := _contrast(samples)) < NOISY:
        found.append(
            f"noisy: speech is {contrast:.0f} dB above the background, {NOISY:.0f} dB or more are "
            "clean; record in a quiet room"
        )
    if clipped > CLIPPED:
        found.append(
            f"clipped: {100 * clipped:.1f} % of its samples are at full scale; record at a lower "
            "level"
        )
    if two_speakers(samples):
        found.append("there may be two speakers in it: the copy is a mixture; keep one of them")
    return found


def two_speakers(samples: np.ndarray) -> bool:
    """Return whether excerpts of ``(S,)`` samples fall into two groups of different voices."""
    from tts.speakers.bundled import embed_speaker

    size = int(EXCERPT * RATE)
    starts = range(0, len(samples) - size + 1, size // 2)
    excerpts = [samples[start : start + size] for start in starts]
    loud = [each for each in excerpts if each.std() > 0.3 * samples.std()]
    if len(loud) < 4:
        return False
    embedded = np.stack([embed_speaker(each) for each in loud])
    cosines = embedded @ embedded.T
    one, other = np.unravel_index(cosines.argmin(), cosines.shape)
    second = cosines[one] < cosines[other]
    for _ in range(5):  # two-means
        if second.mean() < 0.2 or second.mean() > 0.8:  # an odd excerpt is no second speaker
            return False
        centers = [embedded[~second].mean(0), embedded[second].mean(0)]
        centers = [center / np.linalg.norm(center) for center in centers]
        second = embedded @ centers[0] < embedded @ centers[1]
    return bool(centers[0] @ centers[1] < TWO_SPEAKERS) and bool(0.2 <= second.mean() <= 0.8)


def _contrast(samples: np.ndarray) -> float:
    """Return the decibels between the loud and the quiet 20 ms."""
    decibels = 20 * np.log10(np.maximum(levels(samples, int(WINDOW * RATE)), 1e-6))
    return float(np.percentile(decibels, 95) - np.percentile(decibels, 5))


def _pauses(samples: np.ndarray) -> float:
    """Return the share of 20 ms that are half as loud as the mean of their second."""
    level = levels(samples, int(WINDOW * RATE))
    count = max(round(1 / WINDOW), 1)
    seconds = level[: len(level) // count * count].reshape(-1, count)
    return float((seconds < 0.5 * seconds.mean(1, keepdims=True)).mean()) if len(seconds) else 1.0
