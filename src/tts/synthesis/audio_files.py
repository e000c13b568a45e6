"""Audio files of synthesized speech: their names, and writing them sentence by sentence."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from tts.audio.io import audio_writer
from tts.errors import UserError
from tts.synthesizer import SynthesizedSentence, joined

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")


def target_paths(out: Path, count: int) -> list[Path]:
    """Return a path for each of ``count`` utterances: ``out`` itself, or 001.wav, ... below it.

    Raises UserError for a format that cannot be written, and for one file and several utterances.
    """
    if out.suffix.lower() in SUFFIXES:
        if count > 1:
            raise UserError(f"out={out} is one file for {count} lines: give a folder instead")
        return [out]
    if out.suffix[1:].isalpha() and not out.is_dir():
        raise UserError(
            f"out={out}: cannot write {out.suffix}; choose from {', '.join(SUFFIXES)}, or a folder"
        )
    width = max(len(str(count)), 3)
    return [out / f"{number:0{width}d}.wav" for number in range(1, count + 1)]


def write_sentences(
    sentences: Iterable[SynthesizedSentence], target: Path, rate: int
) -> tuple[list[SynthesizedSentence], int]:
    """Write sentences as they are synthesized, so that memory does not grow with their number.

    Returns the sentences without their waveforms, and the number of samples written.
    """
    written: list[SynthesizedSentence] = []
    count = 0

    def without_waveforms() -> Iterator[SynthesizedSentence]:
        for sentence in sentences:
            written.append(sentence._replace(waveform=sentence.waveform[:0].copy()))
            yield sentence

    with audio_writer(target, rate) as write:
        for piece in joined(without_waveforms(), rate):
            write(piece)
            count += len(piece)
    return written, count
