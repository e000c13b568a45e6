"""Replacement of a part of a recording: durations of the new text, and the frames that are kept."""

from typing import NamedTuple

import torch
from torch import Tensor

from tts.models.durations import round_keeping_sum

RATES = (0.5, 2.0)  # limits of a speaker's tempo against the predicted one


class Replacement(NamedTuple):
    """Durations of the new text and the code frames around the replaced part."""

    durations: Tensor  # (1, N') int64 mel frames
    start: int  # code frames before it
    end: int  # first code frame behind it in the recording
    new_end: int  # and in the result


def plan_replacement(
    durations: Tensor, predicted: Tensor, before: int, behind: int, stride: int
) -> Replacement:
    """Keep ``before`` tokens at the start and ``behind`` at the end; plan the frames between.

    ``durations (N,)`` int64: mel frames of the recording's tokens; ``predicted (N',)``: of the new
    text's. New tokens get their predicted durations at the tempo of the kept ones. The result
    starts and ends at code frames of ``stride`` mel frames, so that kept codes stay as they are.
    """
    old, new = len(durations), len(predicted)
    start, end = int(durations[:before].sum()), int(durations[: old - behind].sum())
    frames = _new_frames(durations, predicted, before, behind)
    spoken = torch.cat([durations[:before], frames, durations[old - behind :]])
    padding = -(int(spoken.sum()) - int(durations.sum())) % stride
    # of the last new token; without one, of a neighbor
    spoken[min(max(new - behind - 1, 0), new - 1)] += padding
    shift = (int(spoken.sum()) - int(durations.sum())) // stride
    last = min(-(-end // stride), -(-int(durations.sum()) // stride))
    return Replacement(spoken[None], start // stride, last, last + shift)


def _new_frames(durations: Tensor, predicted: Tensor, before: int, behind: int) -> Tensor:
    old, new = len(durations), len(predicted)
    kept = torch.cat([predicted[:before], predicted[new - behind :]]).sum()
    spoken = torch.cat([durations[:before], durations[old - behind :]]).sum()
    rate = float((kept / spoken.clamp(min=1)).clamp(*RATES)) if spoken > 0 else 1.0
    part = predicted[before : new - behind] / rate
    return round_keeping_sum(part[None], torch.ones_like(part[None], dtype=torch.bool))[0]
