"""Waveforms of an evaluation, kept as files."""

import re
from pathlib import Path

from tts.audio.writer import audio_writer
from tts.evaluation.systems import EvaluationSet


def write_wavs(data: EvaluationSet, sample_rate: int, folder: Path) -> None:
    """Write every system's waveforms as ``<folder>/<system>/<sentence>.wav``.

    ``evaluate wavs=`` reads such folders. Raises AudioError for a file that cannot be written.
    """
    for system in data.systems:
        for sentence, wave in zip(data.sentences, system.waves, strict=True):
            if wave is None:
                continue
            with audio_writer(
                folder / _name(system.name) / f"{_name(sentence.id)}.wav", sample_rate
            ) as write:
                write(wave)


def _name(text: str) -> str:
    """Return ``text`` as the name of a file, without spaces and commas, and not hidden."""
    return re.sub(r"[/\\\s,]+|^\.", "_", text) or "_"
