"""Audio files of synthesized speech: their names, and writing them sentence by sentence."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tts.audio.writer import FORMATS, audio_writer
from tts.errors import UserError
from tts.files import require_writable
from tts.synthesizer import SynthesizedSentence, joined

STANDARD_OUTPUT = Path("-")  # a WAV file is written to it


def target_paths(out: str, numbers: Sequence[int]) -> list[Path]:
    """Return the path of each line: ``out`` itself, or 001.wav, ... below it, by line number.

    Raises UserError for a format that cannot be written, for one file and several lines, and for a
    place where nothing can be written.
    """
    path = Path(out)
    if out == "-":
        if sys.stdout.isatty():
            raise UserError("out=- writes a WAV file to the terminal: add > speech.wav")
        if len(numbers) > 1:
            raise UserError(f"out=- is one file for {len(numbers)} lines: give a folder instead")
        return [STANDARD_OUTPUT]
    suffix = path.suffix.lower()
    folder = out.endswith("/") or path.is_dir()
    if suffix in FORMATS and not folder:
        if len(numbers) > 1:
            raise UserError(
                f"out={out} is one file for {len(numbers)} lines: give a folder instead"
            )
        require_writable(path, "out=")
        return [path]
    if suffix[1:].isalnum() and not suffix[1:].isdigit() and not folder:
        raise UserError(
            f"out={out}: cannot write {path.suffix}; choose from {', '.join(FORMATS)}, or end it "
            "with / for a folder"
        )
    if path.exists() and not path.is_dir():
        raise UserError(f"out={out} is a file without an extension: give another name")
    require_writable(path, "out=")
    width = max(len(str(max(numbers))), 3)
    return [path / f"{number:0{width}d}.wav" for number in numbers]


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

    if target == STANDARD_OUTPUT:  # the header of a WAV file has the length: written at the end
        with TemporaryDirectory(prefix="tts-") as folder:
            file = Path(folder) / "speech.wav"
            result = write_sentences(sentences, file, rate)
            with file.open("rb") as content:
                shutil.copyfileobj(content, sys.stdout.buffer)
            sys.stdout.flush()
        return result
    with audio_writer(target, rate) as write:
        for piece in joined(without_waveforms(), rate):
            write(piece)
            count += len(piece)
    return written, count
