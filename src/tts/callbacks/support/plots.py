"""Plots of one utterance: mels, alignment, pitch, variance. Time is in seconds.

Figures are made without pyplot, which keeps them in memory until they are closed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

Array = NDArray[np.float32]


def mel_figure(mels: Mapping[str, Array], frames_per_second: float, ylabel: str = "band") -> Figure:
    """Plot log mels ``(T, M)``, or other spectra, below each other in one color scale."""
    figure = Figure(figsize=(9, 2.0 * len(mels)), layout="constrained")
    low = min(float(mel.min()) for mel in mels.values())
    high = max(float(mel.max()) for mel in mels.values())
    longest = max(len(mel) for mel in mels.values()) / frames_per_second
    rows = figure.subplots(len(mels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, mel) in zip(rows, mels.items(), strict=True):
        seconds, bands = len(mel) / frames_per_second, mel.shape[1]
        image = axes.imshow(
            mel.T,
            origin="lower",
            aspect="auto",
            vmin=low,
            vmax=high,
            extent=(0, seconds, 0, bands),
            interpolation="nearest",
        )
        axes.set(ylabel=ylabel, xlim=(0, longest))
        axes.set_title(name, fontsize=9, loc="left")
    rows[-1].set_xlabel("s")
    figure.colorbar(image, ax=list(rows), label="ln magnitude")
    return figure


def alignment_figure(
    soft: Array | None,
    durations: Array | None,
    symbols: Sequence[str],
    frames_per_second: float,
    title: str,
) -> Figure:
    """Plot the soft alignment ``(T, N)`` as an image, and the hard ``durations (N,)`` on it.

    Either may be None.
    """
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    if soft is not None:
        extent = (0, len(soft) / frames_per_second, -0.5, soft.shape[1] - 0.5)
        image = axes.imshow(
            soft.T, origin="lower", aspect="auto", extent=extent, interpolation="nearest",
            vmin=0, vmax=1, cmap="magma",
        )  # fmt: skip
        figure.colorbar(image, label="attention")
    tokens = np.arange(len(symbols))
    if durations is not None:
        ends = np.cumsum(durations) / frames_per_second
        starts = ends - durations / frames_per_second
        axes.hlines(tokens, starts, ends, color="tab:cyan", linewidth=1.5)
    axes.set(xlabel="s", ylabel="token")
    if len(symbols) <= 80:  # more are not legible
        axes.set_yticks(tokens, labels=symbols, fontsize=6)
    axes.set_title(title, fontsize=9, loc="left")
    return figure


def pitch_figure(tracks: Mapping[str, Array], durations: Array, frames_per_second: float) -> Figure:
    """Plot pitch per token ``(N,)`` over time, in standard deviations of the speaker."""
    figure = Figure(figsize=(9, 2.5), layout="constrained")
    axes = figure.subplots()
    edges = np.concatenate([[0.0], np.cumsum(durations)]) / frames_per_second
    for name, track in tracks.items():
        axes.stairs(track, edges, baseline=None, label=name)
    axes.set(xlabel="s", ylabel="pitch, z-score")
    axes.legend(loc="upper right", fontsize=8)
    return figure


def variance_figure(variances: Mapping[str, Array]) -> Figure:
    """Plot the variance over time of each mel band ``(M,)``; over-smoothed mels have less."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    axes = figure.subplots()
    for name, values in variances.items():
        axes.plot(values, label=name)
    axes.set(xlabel="band", ylabel="variance, (ln magnitude)\u00b2", ylim=(0, None))
    axes.legend(loc="upper right", fontsize=8)
    return figure
