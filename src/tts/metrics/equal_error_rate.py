"""Equal error rate of speaker embeddings: where misses and false alarms are as frequent."""

import torch
from torch import Tensor


def equal_error_rate(same: Tensor, different: Tensor) -> float:
    """Return the error rate at the threshold where both kinds of errors are equal, 0 to 1.

    ``same``, ``different``: scores of pairs of one speaker and of two, higher is more alike. 0 is
    perfect, 0.5 is chance. NaN without pairs of either kind.
    """
    if not len(same) or not len(different):
        return float("nan")
    thresholds = torch.cat([same, different]).unique()
    misses = torch.searchsorted(same.sort().values, thresholds) / len(same)
    alarms = 1 - torch.searchsorted(different.sort().values, thresholds) / len(different)
    place = (misses - alarms).abs().argmin()
    return float((misses[place] + alarms[place]) / 2)


def speaker_error_rate(one: Tensor, other: Tensor, speakers: Tensor) -> float:
    """Return the equal error rate of all pairs between two embeddings of each utterance.

    ``one``, ``other (U, E)`` of norm 1: embeddings of two parts of the utterances; ``speakers
    (U,)``.
    """
    scores = one.float() @ other.float().T
    alike = speakers[:, None] == speakers[None]
    return equal_error_rate(scores[alike], scores[~alike])
