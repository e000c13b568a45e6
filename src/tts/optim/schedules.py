"""Learning rate schedules over optimizer steps, with a linear warm-up of ``warmup_steps``.

Each is called as ``schedule(optimizer, total_steps=...)``; its peak is the optimizer's ``lr``. A
schedule depends on the step only, so that a resumed run needs nothing but its step, and a run
resumed with more steps follows the schedule of the new length.
"""

import math
from collections.abc import Callable

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from tts.bounds import AtLeastOne, Count, Share, ShareBelowOne, Steps
from tts.errors import UserError


def constant(optimizer: Optimizer, total_steps: int, warmup_steps: Steps = 500) -> LambdaLR:
    """Stay at the peak."""
    return _schedule(optimizer, warmup_steps, lambda step: 1.0)


def cosine(
    optimizer: Optimizer, total_steps: int, warmup_steps: Steps = 500, final: Share = 0.01
) -> LambdaLR:
    """Decay along half a cosine to ``final`` times the peak at the last step.

    Loshchilov & Hutter 2017 (SGDR), equation 5, with one cycle.
    """
    span = max(total_steps - warmup_steps, 1)
    return _schedule(optimizer, warmup_steps, lambda step: _half_cosine(step / span, final))


def cosine_restarts(
    optimizer: Optimizer,
    total_steps: int,
    warmup_steps: Steps = 500,
    cycle_steps: Count = 5000,
    growth: AtLeastOne = 1.5,
    decay: Share = 0.8,
    final: Share = 0.01,
) -> LambdaLR:
    """Repeat cosine cycles, each ``growth`` times as long and ``decay`` times as high as the last.

    Loshchilov & Hutter 2017 (SGDR), section 3; decaying peaks are a later addition. The last cycle
    ends with the run: it is shortened, or the one before it extended when less than half of it
    would remain. Raises UserError for ``cycle_steps`` or ``growth`` below 1.
    """
    if cycle_steps < 1 or growth < 1:
        raise UserError(
            f"scheduler.cycle_steps={cycle_steps} and scheduler.growth={growth} must be at least 1"
        )
    lengths = _cycles(max(total_steps - warmup_steps, 1), cycle_steps, growth)

    def factor(step: int) -> float:
        peak = 1.0
        for index, length in enumerate(lengths):
            if step < length or index == len(lengths) - 1:
                return peak * _half_cosine(step / length, final)
            step -= length
            peak *= decay
        return final

    return _schedule(optimizer, warmup_steps, factor)


def one_cycle(
    optimizer: Optimizer,
    total_steps: int,
    rise: ShareBelowOne = 0.3,
    first: Share = 0.04,
    final: Share = 1e-4,
) -> LambdaLR:
    """Rise from ``first`` times the peak over the share ``rise`` of the run; fall to ``final``.

    Both along half a cosine (Smith & Topin 2018, "super-convergence"); the momentum is constant.
    Raises UserError for ``rise`` outside (0, 1).
    """
    if not 0 < rise < 1:
        raise UserError(f"scheduler.rise={rise} must be above 0 and below 1")
    top = max(round(rise * total_steps), 1)

    def factor(step: int) -> float:
        if step <= top:
            return _half_cosine(1 - step / top, first)
        return _half_cosine((step - top) / max(total_steps - top, 1), final)

    return _schedule(optimizer, 0, factor)


def warmup_stable_decay(
    optimizer: Optimizer,
    total_steps: int,
    warmup_steps: Steps = 500,
    decay_share: Share = 0.2,
    final: Share = 0.01,
) -> LambdaLR:
    """Stay at the peak until the last ``decay_share`` of the run, then fall as 1 - sqrt(progress).

    Hägele et al. 2024, section 3: as good as a cosine, and a run can be extended from any step
    before the decay. Raises UserError for ``decay_share`` outside (0, 1].
    """
    if not 0 < decay_share <= 1:
        raise UserError(f"scheduler.decay_share={decay_share} must be above 0 and at most 1")
    fall = max(round(decay_share * total_steps), 1)
    begin = max(total_steps - fall - warmup_steps, 0)

    def factor(step: int) -> float:
        progress = min(max(step - begin, 0) / fall, 1.0)
        return final + (1 - final) * (1 - math.sqrt(progress))

    return _schedule(optimizer, warmup_steps, factor)


def noam(optimizer: Optimizer, total_steps: int, warmup_steps: Steps = 4000) -> LambdaLR:
    """Decay with the inverse square root of the step.

    Vaswani et al. 2017, equation 3, scaled so that the peak is the optimizer's ``lr`` instead of
    ``(dim * warmup_steps) ** -0.5``.
    """
    warmup_steps = max(warmup_steps, 1)

    def factor(step: int) -> float:
        return math.sqrt(warmup_steps / (step + warmup_steps))

    return _schedule(optimizer, warmup_steps, factor)


def exponential(
    optimizer: Optimizer,
    total_steps: int,
    warmup_steps: Steps = 0,
    decay: Share = 0.999,
    every_steps: Count = 1000,
) -> LambdaLR:
    """Decay by the factor ``decay`` every ``every_steps`` steps, continuously.

    The schedule of HiFi-GAN and BigVGAN, which decay once per epoch.
    Raises UserError for ``decay`` outside (0, 1] or ``every_steps`` below 1.
    """
    if not 0 < decay <= 1 or every_steps < 1:
        raise UserError(
            f"scheduler.decay={decay} must be above 0 and at most 1, and "
            f"scheduler.every_steps={every_steps} at least 1"
        )
    return _schedule(optimizer, warmup_steps, lambda step: decay ** (step / every_steps))


def _schedule(optimizer: Optimizer, warmup_steps: int, factor: Callable[[int], float]) -> LambdaLR:
    """Warm up, then follow ``factor(steps since the warm-up)``; the first rate is above 0."""
    if warmup_steps < 0:
        raise UserError(f"scheduler.warmup_steps={warmup_steps} must be 0 or more")

    def rate(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / (warmup_steps + 1)
        return factor(step - warmup_steps)

    return LambdaLR(optimizer, rate)


def _half_cosine(progress: float, final: float) -> float:
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))


def _cycles(span: int, first: int, growth: float) -> list[int]:
    """Return lengths of growing cycles that add up to ``span``."""
    lengths: list[int] = []
    length, left = float(first), span
    while left > 1.5 * length:
        lengths.append(round(length))
        left -= lengths[-1]
        length *= growth
    return [*lengths, max(left, 1)]
