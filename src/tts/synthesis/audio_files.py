"""Audio files of synthesized speech: their names, and writing them sentence by sentence."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tts.audio.writer import FORMATS, audio_writer
from tts.errors import UserError
from tts.files import require_writable
from tts.synthesis.batch_rows import Row
from tts.synthesizer import SynthesizedSentence, joined

STANDARD_OUTPUT = Path("-")  # tts.synthesis.standard_output writes to it


def target_paths(out: str, rows: Sequence[Row], form: str | None = None) -> list[Path]:
    """Return the path of each row: ``out`` itself, or a file below it named by id or line number.

    ``form``: the format of :data:`~tts.audio.writer.FORMATS` without a dot, or raw for standard
    output; None = by the extension of ``out``, and wav. Raises UserError for a format that cannot
    be written, for one file and several rows, and for a place where nothing can be written.
    """
    path = Path(out)
    if out == "-":
        if form not in (None, "wav", "raw"):
            raise UserError(f"format={form}: out=- writes wav or raw")
        if sys.stdout.isatty():
            raise UserError("out=- writes sound to the terminal: add > speech.wav")
        if len(rows) > 1:
            raise UserError(f"out=- is one file for {len(rows)} lines: give a folder instead")
        return [STANDARD_OUTPUT]
    if form == "raw":
        raise UserError("format=raw goes to standard output: add out=-")
    suffix = path.suffix.lower()
    folder = out.endswith("/") or path.is_dir()
    if suffix in FORMATS and not folder:
        if form not in (None, suffix[1:]):
            raise UserError(f"out={out} and format={form} differ: leave one out")
        if len(rows) > 1:
            raise UserError(f"out={out} is one file for {len(rows)} lines: give a folder instead")
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
    width = max(len(str(max(row.number for row in rows))), 3)
    names = [f"{row.number:0{width}d}" if row.id is None else row.id for row in rows]
    seen: dict[str, Row] = {}
    for name, row in zip(names, rows, strict=True):
        if (other := seen.setdefault(name.casefold(), row)) is not row:
            raise UserError(f"lines {other.number} and {row.number} would both be {name}: give ids")
    return [path / f"{name}.{form or 'wav'}" for name in names]


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
