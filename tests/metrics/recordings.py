"""Speech of espeak, as recordings to measure."""

import numpy as np

from tts.contract import MelContract
from tts.text import espeak


def synthesize(text: str, voice: str) -> np.ndarray:
    """Return ``(S,)`` samples at the default contract's rate."""
    with espeak.private() as library:
        speech = library.synthesize(text, "en-us", voice, 150)
    assert speech.sample_rate == MelContract().sample_rate
    return speech.samples
