"""Token durations in frames: speaking rate, longest length and rounding of predictions."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.controls import PerToken
from tts.modules.exporting import is_exporting

# far outside speech, so that one bad step makes neither the likelihood nor the length explode
LOG_DURATION = (-2.0, 7.0)
# limits at rate 1, for predictions that no speech has: natural speech has about 0.08 s a token
LONGEST_TOKEN = 4.0  # seconds
LONGEST_MEAN = 0.4  # seconds a token, over an utterance


class Durations(NamedTuple):
    """Durations of an utterance's tokens, and in words what could not be as predicted or asked."""

    frames: Tensor  # (B, N) int64
    notes: tuple[str, ...]


def speaking_durations(
    log_duration: Tensor, mask: Tensor, rate: PerToken, frames_per_second: float
) -> Durations:
    """Return the durations of predicted ln(frames) ``(B, N)`` at ``rate`` times the speed.

    Every token has at least one frame. At a rate above 1 the longer tokens make up for those that
    cannot be shorter, until all are at one frame.
    """
    predicted = log_duration.exp()
    capped = _capped(predicted, mask, frames_per_second)
    rates = torch.as_tensor(rate, device=predicted.device)
    natural = capped.clamp(min=1.0)
    frames = _with_one_frame(natural / rates, mask & (rates > 1))
    spoken = Durations(round_keeping_sum(frames, mask), ())
    if is_exporting():  # a graph has no words
        return spoken
    lengths = [(x * mask).sum(-1) for x in (predicted, capped, natural / rates, natural, frames)]
    notes = _notes(torch.stack(lengths, -1), mask.sum(-1), rates, frames_per_second)
    return spoken._replace(notes=notes)


def round_keeping_sum(frames: Tensor, mask: Tensor) -> Tensor:
    """Round durations ``(B, N)`` to int64 frames, at least 1 each, and keep their running sums.

    Rounding each token by itself lets errors of half a frame add up over a sentence. Rounding the
    end times keeps every boundary within half a frame, as long as no token is below one frame.
    """
    ends = torch.cumsum(frames.clamp(min=1.0).double() * mask, -1).round()
    return torch.diff(F.pad(ends, (1, 0)), dim=-1).long().clamp(min=1) * mask


def _capped(frames: Tensor, mask: Tensor, frames_per_second: float) -> Tensor:
    """Limit each token, and then the mean of each utterance."""
    frames = frames.clamp(max=LONGEST_TOKEN * frames_per_second)
    longest = LONGEST_MEAN * frames_per_second * mask.sum(-1, keepdim=True)
    total = (frames * mask).sum(-1, keepdim=True)
    return torch.where(total > longest, frames * (longest / total), frames)


def _with_one_frame(frames: Tensor, fast: Tensor) -> Tensor:
    """Raise tokens to one frame, and shorten the other ``fast`` ones by as much in total."""
    if not is_exporting() and not fast.any():
        return frames.clamp(min=1.0)
    # sum(max(scale * frames, 1)) is convex in scale, so the scale that gives the target is the
    # smallest of those under which a token and all shorter ones have one frame
    floored = fast[:, None] & (frames[:, None] <= frames[:, :, None])  # (B, N, N)
    left = (frames * fast).sum(-1, keepdim=True) - floored.sum(-1)
    rest = (frames[:, None] * (fast[:, None] & ~floored)).sum(-1)
    scales = torch.where(fast & (rest > 0), left.clamp(min=0) / rest.clamp(min=1e-6), 1.0)
    scale = scales.amin(-1, keepdim=True).clamp(max=1.0)
    return torch.where(fast, frames * scale, frames).clamp(min=1.0)


def _notes(
    lengths: Tensor, tokens: Tensor, rates: Tensor, frames_per_second: float
) -> tuple[str, ...]:
    """Return what was cut or limited. ``lengths (B, 5)``: predicted, capped, asked, natural, spoken
    frames."""
    notes = []
    worst = int((lengths[:, 0] / lengths[:, 1]).argmax())
    predicted, capped, asked, natural, spoken = lengths[worst].tolist()
    if predicted > 1.01 * capped:
        notes.append(
            f"the predicted length of {predicted / frames_per_second:.0f} s is too long for "
            f"{int(tokens[worst])} symbols, and was cut to {capped / frames_per_second:.1f} s"
        )
    worst = int((lengths[:, 4] / lengths[:, 2]).argmax())
    predicted, capped, asked, natural, spoken = lengths[worst].tolist()
    if spoken > 1.03 * asked and bool((rates > 1).any()):
        given = f"rate={float(rates):g}" if rates.ndim == 0 else "the rate"
        notes.append(
            f"{given} was limited to {natural / spoken:.1f} times the speed: every symbol has at "
            f"least one frame of {1000 / frames_per_second:.0f} ms"
        )
    return tuple(notes)
