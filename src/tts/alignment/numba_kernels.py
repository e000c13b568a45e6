"""CPU kernels of MAS and the forward-sum, compiled by numba: one utterance of N tokens, T frames.

A path gives every frame one token, in order, and every token at least one frame. Rows have N + 1
cells: cell 0 is before the first token and never reached, so that "stay" and "move on" read one row
at two offsets, which vectorizes.

librosa already depends on numba. The kernels use one thread: they cost a fraction of a convolution,
and numba's threads are unsafe together with torch's and after a fork.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np
from numba import njit

P = ParamSpec("P")
R = TypeVar("R")
TINY = 1e-200  # smaller probabilities become 0, before they are subnormal and slow


def compiled(fastmath: bool | set[str] = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile at the first call; cache the machine code on disk if a folder is writable."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        try:
            return njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)(function)
        except RuntimeError:  # neither the package's folder nor the home folder is writable
            return njit(nogil=True, error_model="numpy", fastmath=fastmath)(function)

    return decorate


@compiled()
def most_probable_path(scores, tokens, frames, durations):
    """``scores (T, N)`` float32; add the durations of the best path to ``durations (N,)``."""
    best = np.empty((frames, tokens + 1), np.float32)
    best[0] = -np.inf
    best[0, 1] = scores[0, 0]
    for t in range(1, frames):
        before, now, score = best[t - 1], best[t], scores[t]
        now[0] = -np.inf
        for j in range(tokens):
            stay, move = before[j + 1], before[j]
            now[j + 1] = score[j] + (stay if stay >= move else move)
    token = tokens - 1
    for t in range(frames - 1, 0, -1):
        durations[token] += 1
        # token t at frame t must be left at once
        if token > 0 and (token == t or best[t - 1, token] > best[t - 1, token + 1]):
            token -= 1
    durations[0] += 1


# sums may be reordered, which vectorizes them; infinities and NaN are handled as usual
VECTORIZED = {"reassoc", "contract", "nsz"}


@compiled(fastmath=VECTORIZED)
def fast_exp(x):
    """Return exp(x) with a relative error of 1e-12 for x up to 700; 1e-304 for x below -700.

    exp(x) = exp(x / 4096) ^ 4096, the inner one by its series. In a loop it is several times as
    fast as the library's exp, which does not vectorize.
    """
    x = -700.0 if x < -700.0 else x
    r = x * (1 / 4096)
    y = 1 / 40320 + r * (1 / 362880 + r * (1 / 3628800))
    y = 1 / 120 + r * (1 / 720 + r * (1 / 5040 + r * y))
    y = 1.0 + r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * y))))
    for _ in range(12):
        y *= y
    return y


@compiled(fastmath=VECTORIZED)
def forward_backward(scores, tokens, frames, posterior, buffer):
    """``scores (T, N)`` log-probabilities -> log of the probability of all paths together.

    Writes ``posterior (T, N)``, the probability of each (frame, token), which is the gradient of
    the result by ``scores``. Forward-backward on probabilities, rescaled at every frame (Rabiner
    1989, section V.A), so a cell costs one exponential. Returns NaN if the scores exceed the range
    of float64; :func:`forward_backward_log` has no such limit. ``buffer (2, T, N + 1)`` float64
    saves an allocation per utterance.
    """
    alpha, emission = buffer[0], buffer[1]
    scale = np.empty(frames)  # sum of row t of alpha, if row t - 1 sums to one
    alpha[0] = 0.0
    alpha[0, 1] = scale[0] = emission[0, 0] = np.exp(np.float64(scores[0, 0]))
    log_sum = np.log(scale[0])
    for t in range(1, frames):
        score, row, before, now = scores[t], emission[t], alpha[t - 1], alpha[t]
        for j in range(tokens):
            row[j] = fast_exp(np.float64(score[j]))
        shrink, total = 1.0 / scale[t - 1], 0.0
        now[0] = 0.0
        for j in range(tokens):
            value = (before[j] + before[j + 1]) * shrink * row[j]
            value = value if value > TINY else 0.0
            now[j + 1] = value
            total += value
        scale[t] = total
        log_sum += np.log(total)
    log_sum += np.log(alpha[frames - 1, tokens] / scale[frames - 1])

    beta = np.zeros(tokens + 1)  # rescaled so that alpha . beta is one in every row
    beta[tokens - 1] = 1.0
    for t in range(frames - 1, -1, -1):
        row, now, out = emission[t], alpha[t], posterior[t]
        total = 0.0
        for j in range(tokens):
            total += now[j + 1] * beta[j]
        # both directions give the same sum, unless probability underflowed
        if t < frames - 1 and not abs(total / scale[t] - 1.0) < 1e-6:
            return np.nan
        grow = 1.0 / total
        for j in range(tokens):
            ahead = beta[j] * grow
            # far ahead of all paths it can be infinite
            out[j] = now[j + 1] * ahead if now[j + 1] > 0.0 else 0.0
            beta[j] = ahead * row[j]
        for j in range(tokens):
            value = beta[j] + beta[j + 1]
            beta[j] = value if value > TINY else 0.0
    return log_sum


@compiled()
def forward_backward_log(scores, tokens, frames, posterior):
    """:func:`forward_backward` in the log domain: slower, for any range of ``scores``."""
    alpha = np.full((frames, tokens + 1), -np.inf)
    alpha[0, 1] = scores[0, 0]
    for t in range(1, frames):
        for j in range(tokens):
            alpha[t, j + 1] = scores[t, j] + np.logaddexp(alpha[t - 1, j], alpha[t - 1, j + 1])
    log_sum = alpha[frames - 1, tokens]
    beta = np.full(tokens + 1, -np.inf)
    beta[tokens - 1] = 0.0
    for t in range(frames - 1, -1, -1):
        for j in range(tokens):
            posterior[t, j] = np.exp(alpha[t, j + 1] + beta[j] - log_sum)
            beta[j] += scores[t, j]
        for j in range(tokens):
            beta[j] = np.logaddexp(beta[j], beta[j + 1])
    return log_sum
