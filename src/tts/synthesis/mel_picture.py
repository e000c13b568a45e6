"""Picture of synthesized speech: each sentence's mel, phonemes and deviations of durations."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tts.audio.frequency_axis import mel_axis
from tts.contract import MelContract
from tts.files import write_bytes
from tts.synthesizer import SynthesizedSentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def save_mel_picture(
    sentences: list[SynthesizedSentence], contract: MelContract, path: Path
) -> None:
    """Draw the mel of each sentence, with the phonemes above their frames, as a PNG.

    Below it the predicted deviation of each duration, where the model predicts one. The mel is
    ``features``.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    uncertain = any(sentence.log_variance is not None for sentence in sentences)
    rows = [3.2, 1.0] if uncertain else [3.2]
    figure, axes = plt.subplots(
        len(sentences) * len(rows), 1, squeeze=False, figsize=(14, sum(rows) * len(sentences)),
        height_ratios=rows * len(sentences), layout="constrained",
    )  # fmt: skip
    for number, sentence in enumerate(sentences):
        below = axes[number * len(rows) : (number + 1) * len(rows), 0]
        ends = _draw_mel(below[0], sentence, contract)
        if uncertain:
            _draw_deviations(below[1], sentence, ends)
        below[-1].set_xlabel("s")
    content = BytesIO()
    figure.savefig(content, dpi=110)
    write_bytes(path, content.getvalue())
    plt.close(figure)


def _draw_mel(axis: Axes, sentence: SynthesizedSentence, contract: MelContract) -> list[float]:
    """Draw the mel with the phonemes; return 0 and the end of each phoneme in seconds."""
    frequencies = mel_axis(contract)
    seconds = contract.seconds(len(sentence.features))
    durations = [] if sentence.durations is None else sentence.durations.tolist()
    frame = seconds / max(sum(durations), 1)  # of the durations, also where codes have them
    axis.imshow(
        np.asarray(sentence.features).T,
        origin="lower",
        aspect="auto",
        extent=(0, seconds, 0, contract.bands),
        cmap="magma",
    )
    ends = [0.0]
    for symbol, frames in zip(sentence.symbols, durations, strict=bool(durations)):
        width = frame * frames
        axis.axvline(ends[-1], color="white", linewidth=0.4, alpha=0.5)
        axis.text(ends[-1] + width / 2, contract.bands + 1, symbol, ha="center", fontsize=8)
        ends.append(ends[-1] + width)
    axis.set_ylabel("kHz")
    axis.set_yticks(frequencies.positions, labels=frequencies.labels)
    return ends


def _draw_deviations(axis: Axes, sentence: SynthesizedSentence, ends: list[float]) -> None:
    """Draw the predicted standard deviation of the logarithm of each duration, in percent."""
    axis.set_xlim(0, ends[-1] or None)
    axis.set_ylabel("duration\n± %")
    if sentence.log_variance is None:
        return
    deviations = 100 * np.exp(0.5 * np.asarray(sentence.log_variance))
    axis.bar(ends[:-1], deviations, np.diff(ends), align="edge", color="#4477aa", edgecolor="white")
    axis.spines[["top", "right"]].set_visible(False)
