"""Plots of one utterance: mels, alignment, pitch, variance. Time is in seconds.

Figures are made without pyplot, which keeps them in memory until they are closed.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tts.audio.frequency_axis import FrequencyAxis

Array = NDArray[np.float32]
COLORS, DPI = "magma", 110
MAX_SYMBOLS = 160
SHOWN = {" ": "·"}  # word boundaries on an axis
PITCH_TICKS = (50, 70, 100, 150, 200, 250, 300, 400, 500, 700)


def mel_figure(
    mels: Mapping[str, Array], frames_per_second: float, frequencies: FrequencyAxis | None = None
) -> Figure:
    """Plot log mels ``(T, M)``, or other spectra, below each other in one color scale.

    ``frequencies``: ticks in kHz; None numbers the bands.
    """
    figure = Figure(figsize=(9, 0.5 + 2.0 * len(mels)), dpi=DPI, layout="constrained")
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
            cmap=COLORS,
        )
        axes.set(xlim=(0, longest))
        axes.set_title(name, fontsize=10, loc="left")
        if frequencies is None:
            axes.set_ylabel("band")
        else:
            axes.set_yticks(frequencies.positions, labels=frequencies.labels)
            axes.set_ylabel("kHz")
    rows[-1].set_xlabel("s")
    figure.colorbar(image, ax=list(rows), label="ln magnitude", pad=0.01)
    return figure


def alignment_figure(
    soft: Array | None,
    durations: Array | None,
    symbols: Sequence[str],
    frames_per_second: float,
    title: str,
) -> Figure:
    """Plot the soft alignment ``(T, N)`` as an image, and the hard ``durations (N,)`` on it.

    Either may be None. The symbols stand along the axis of tokens.
    """
    height = min(max(4.0, 1.0 + 0.13 * len(symbols)), 11.0)
    figure = Figure(figsize=(9, height), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    if soft is not None:
        extent = (0, len(soft) / frames_per_second, -0.5, soft.shape[1] - 0.5)
        image = axes.imshow(
            soft.T, origin="lower", aspect="auto", extent=extent, interpolation="nearest",
            vmin=0, vmax=1, cmap=COLORS,
        )  # fmt: skip
        figure.colorbar(image, label="attention", pad=0.01)
    tokens = np.arange(len(symbols))
    if durations is not None:
        ends = np.cumsum(durations) / frames_per_second
        starts = ends - durations / frames_per_second
        axes.hlines(tokens, starts, ends, color="tab:cyan", linewidth=1.5)
    axes.set(xlabel="s", ylabel="phoneme", ylim=(-0.5, len(symbols) - 0.5))
    if len(symbols) <= MAX_SYMBOLS:  # more are not legible
        axes.set_yticks(tokens, labels=[SHOWN.get(symbol, symbol) for symbol in symbols])
        axes.tick_params(axis="y", labelsize=7, length=0)
        for number, label in enumerate(axes.get_yticklabels()):  # neighbors side by side
            label.set_horizontalalignment("center")
            label.set_x(-0.008 - 0.014 * (number % 2))
    axes.set_title(title, fontsize=10, loc="left")
    return figure


def pitch_figure(
    recorded: Array, tracks: Mapping[str, Array], durations: Array, frames_per_second: float
) -> Figure:
    """Plot F0 in Hz over time: ``recorded (T,)`` of each frame, 0 where it is unvoiced, as dots.

    ``tracks (N,)``: F0 of each token, for its ``durations (N,)``. Unvoiced stretches are gray.
    """
    figure = Figure(figsize=(9, 3), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    seconds = (np.arange(len(recorded)) + 0.5) / frames_per_second
    voiced = recorded > 0
    axes.plot(seconds[voiced], recorded[voiced], ".", markersize=3, color="0.35", label="recorded")
    edges = np.concatenate([[0.0], np.cumsum(durations)]) / frames_per_second
    for name, track in tracks.items():
        axes.stairs(track, edges, baseline=None, label=name, linewidth=1.5)
    changes = np.flatnonzero(np.diff(np.concatenate([[True], voiced, [True]]).astype(int)))
    for start, end in changes.reshape(-1, 2) / frames_per_second:
        axes.axvspan(start, end, color="0.5", alpha=0.12, linewidth=0)
    axes.set(xlabel="s", ylabel="F0, Hz", xlim=(0, len(recorded) / frames_per_second))
    values = [recorded[voiced], *tracks.values()]
    shown = np.concatenate([value.ravel() for value in values])
    if len(shown):
        low, high = 0.9 * float(shown.min()), 1.1 * float(shown.max())
        axes.set(yscale="log", ylim=(low, high))
        ticks = [hertz for hertz in PITCH_TICKS if low <= hertz <= high]
        axes.set_yticks(ticks, labels=[str(hertz) for hertz in ticks])
        axes.minorticks_off()
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, ncols=4, frameon=False)
    return figure


def variance_figure(variances: Mapping[str, Array]) -> Figure:
    """Plot the variance over time of each mel band ``(M,)``; over-smoothed mels have less."""
    figure = Figure(figsize=(9, 3), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    for name, values in variances.items():
        axes.plot(values, label=name)
    axes.set(xlabel="band", ylabel="variance, (ln magnitude)\u00b2", ylim=(0, None))
    axes.legend(loc="upper right", fontsize=8)
    return figure


def token_use_figure(weights: Array) -> Figure:
    """Plot the mean weight of each style token ``(tokens,)``; a line marks an even use."""
    figure = Figure(figsize=(7, 2.6), dpi=DPI, layout="constrained")
    axes = figure.subplots()
    axes.bar(np.arange(len(weights)), weights)
    axes.axhline(1 / len(weights), color="gray", linewidth=0.8)
    axes.set(xlabel="style token", ylabel="mean weight", xticks=np.arange(len(weights)))
    return figure
