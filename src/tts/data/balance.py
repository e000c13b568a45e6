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
    return (wanted + np.random.default_rng(seed).uniform(size=len(part))).astype(np.int32)


def balance_report(part: SpeechDataset, balance: float, repeated: np.ndarray) -> str:
    """Return a line that says what :func:`repetitions` did."""
    spoken = np.bincount(part.speaker_numbers, weights=part.frame_lengths)
    spoken = spoken[spoken > 0]
    if len(spoken) == 1:
        return f"data.balance={balance:g} has no effect: there is one speaker"
    most = (spoken.max() / spoken.min()) ** balance
    return (
        f"data.balance={balance:g}: an epoch has {int(repeated.sum()):,} utterances in place of "
        f"{len(repeated):,}; the speaker with the least speech comes {most:.1f} times"
    )
