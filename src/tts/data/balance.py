"""Balance of speakers: utterances of speakers with little speech come several times per epoch."""

import numpy as np

from tts.data.dataset import SpeechDataset


def repetitions(part: SpeechDataset, balance: float, seed: int = 1) -> np.ndarray | None:
    """Return how often each utterance of ``part`` comes in an epoch, int32; None: all once.

    A speaker with ``s`` seconds of the largest speaker's ``S`` comes ``(S / s) ** balance`` times,
    rounded up or down at random for each utterance: 0 = every utterance once, 1 = as much speech of
    every speaker. The exponent is the temperature of multilingual training (Arivazhagan et al.
    2019, section 3.1), ``1 - balance = 1 / T``, over speakers in place of languages.
    """
    if balance == 0 or len(part) == 0:
        return None
    speakers = part.speaker_numbers
    spoken = np.bincount(speakers, weights=part.frame_lengths)
    wanted = (spoken.max() / spoken[speakers]) ** balance
    rounded = wanted + np.random.default_rng(seed).uniform(size=len(part))
    return rounded.astype(np.int32)
