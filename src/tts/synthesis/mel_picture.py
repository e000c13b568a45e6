"""Picture of synthesized speech: each sentence's mel with its phonemes."""

from io import BytesIO
from pathlib import Path

import numpy as np

from tts.audio.frequency_axis import mel_axis
from tts.contract import MelContract
from tts.files import write_bytes
from tts.synthesizer import SynthesizedSentence


def save_mel_picture(
    sentences: list[SynthesizedSentence], contract: MelContract, path: Path
) -> None:
    """Draw the mel of each sentence, with the phonemes above their frames, as a PNG.

    The mel is ``features``.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(
        len(sentences), 1, squeeze=False, figsize=(14, 3.2 * len(sentences)), layout="constrained"
    )
    frequencies = mel_axis(contract)
    for axis, sentence in zip(axes[:, 0], sentences, strict=True):
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
        start = 0.0
        for symbol, frames in zip(sentence.phonemes, durations, strict=bool(durations)):
            width = frame * frames
            axis.axvline(start, color="white", linewidth=0.4, alpha=0.5)
            axis.text(start + width / 2, contract.bands + 1, symbol, ha="center", fontsize=8)
            start += width
        axis.set_xlabel("s")
        axis.set_ylabel("kHz")
        axis.set_yticks(frequencies.positions, labels=frequencies.labels)
    content = BytesIO()
    figure.savefig(content, dpi=110)
    write_bytes(path, content.getvalue())
    plt.close(figure)
