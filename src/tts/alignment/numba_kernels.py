"""Dynamic programming over one utterance, compiled for the CPU. N tokens, T frames.

A path gives every frame one token, in order, each token at least one frame. Rows hold one cell more
than there are tokens: cell 0 stands before the first token and is never reached, so that "stay" and
"move on" are one row read at two offsets, which vectorizes.

numba comes with librosa, so nothing is installed for it. One thread suffices: these kernels cost a
fraction of a convolution, and numba's own threads are unsafe beside torch's and across forks.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

# probabilities below this are dropped, before they turn subnormal and slow
TINY = 1e-200


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile at the first call and keep the machine code on disk, where a disk can be written."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return njit(cache=True, nogil=True, error_model="numpy", **options)(function)
        except RuntimeError:  # neither the package's folder nor the home folder is writable
            return njit(nogil=True, error_model="numpy", **options)(function)

    return decorate


@compiled()
def best_path(scores, tokens, frames, durations):
    """``scores (T, N)`` float32 -> the best path's ``durations (N,)``, added in place."""
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
        # a path as steep as it may be has no choice
        if token > 0 and (token == t or best[t - 1, token] > best[t - 1, token + 1]):
            token -= 1
    durations[0] += 1


# sums may be reordered, which vectorizes them; infinities and NaN keep their meaning
VECTORIZED = {"reassoc", "contract", "nsz"}


@compiled(fastmath=VECTORIZED)
def fast_exp(x):
    """``exp(x)`` to 1e-12 for x up to 700, 1e-304 for all below -700.

    exp(x) = exp(x / 4096) ^ 4096, the inner one by its series. In a loop this is several times as
    fast as the library's, a call that does not vectorize.
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
def path_sum(scores, tokens, frames, occupancy, work):
    """``scores (T, N)`` log-probabilities -> the log of the summed probability of all paths.

    Writes ``occupancy (T, N)``, the share of that sum that passes through each cell: the gradient
    of the result by ``scores``. Forward-backward on probabilities, rescaled at every frame (Rabiner
    1989, section V.A), so a cell costs one exponential. Returns NaN when the scores span more than
    double precision, so that paths that matter were lost; :func:`path_sum_in_logs` loses none.
    ``work (2, T, N + 1)`` float64 is room for the rows, cheaper to hand in than to ask for anew.
    """
    alpha, emission = work[0], work[1]
    scale = np.empty(frames)  # what row t of alpha sums to, when row t - 1 sums to one
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
        row, now, out = emission[t], alpha[t], occupancy[t]
        total = 0.0
        for j in range(tokens):
            total += now[j + 1] * beta[j]
        # both directions must find one sum; a difference is probability lost to rounding
        if t < frames - 1 and not abs(total / scale[t] - 1.0) < 1e-6:
            return np.nan
        grow = 1.0 / total
        for j in range(tokens):
            ahead = beta[j] * grow
            out[j] = now[j + 1] * ahead
            beta[j] = ahead * row[j]
        for j in range(tokens):
            value = beta[j] + beta[j + 1]
            beta[j] = value if value > TINY else 0.0
    return log_sum


@compiled()
def path_sum_in_logs(scores, tokens, frames, occupancy):
    """The same as :func:`path_sum` by the textbook: slower, at any range of ``scores``."""
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
            occupancy[t, j] = np.exp(alpha[t, j + 1] + beta[j] - log_sum)
            beta[j] += scores[t, j]
        for j in range(tokens):
            beta[j] = np.logaddexp(beta[j], beta[j + 1])
    return log_sum
