"""Plots of refined codes of one utterance: rounds, confidence, durations and their deviation."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

Array = NDArray[np.float32]


def refinement_figure(decided: NDArray[np.int64], confidence: Array, rate: float) -> Figure:
    """Plot in which round each token ``(T, K)`` was chosen, and its confidence below.

    The tokens still masked after a round are those with a later one; 0: given.
    """
    figure = Figure(figsize=(9, 4), layout="constrained")
    rows = figure.subplots(2, 1, sharex=True)
    extent = (0.0, len(decided) / rate, 0.5, decided.shape[1] + 0.5)
    pictures = (("round", decided.astype(np.float32), None), ("confidence", confidence, 1.0))
    for axes, (label, values, most) in zip(rows, pictures, strict=True):
        image = axes.imshow(
            values.T, origin="lower", aspect="auto", extent=extent, interpolation="nearest",
            vmin=0, vmax=most,
        )  # fmt: skip
        axes.set(ylabel="codebook")
        figure.colorbar(image, ax=axes, label=label)
    rows[-1].set_xlabel("s")
    return figure


def duration_figure(
    durations: NDArray[np.int64],
    predicted: Array,
    deviation: Array,
    symbols: Sequence[str],
    rate: float,
) -> Figure:
    """Plot recorded and predicted durations ``(N,)`` of mel frames, ``rate`` a second.

    The bars are one standard ``deviation`` of the logarithm to each side.
    """
    figure = Figure(figsize=(9, 2.5), layout="constrained")
    axes = figure.subplots()
    tokens, milliseconds = np.arange(len(durations)), 1000 / rate
    low, high = predicted * (1 - np.exp(-deviation)), predicted * (np.exp(deviation) - 1)
    axes.errorbar(
        tokens, predicted * milliseconds, np.stack([low, high]) * milliseconds, fmt=".",
        elinewidth=0.8, label="predicted, with its standard deviation",
    )  # fmt: skip
    axes.plot(tokens, durations * milliseconds, "_", color="black", label="recording")
    if len(symbols) <= 80:  # more are not legible
        axes.set_xticks(tokens, labels=symbols, fontsize=6)
    axes.set(ylabel="ms", yscale="log")
    axes.legend(loc="upper right", fontsize=8)
    return figure
