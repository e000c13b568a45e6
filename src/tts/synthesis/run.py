"""Synthesis of audio files from lines of text."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from tts.audio.io import AudioError, read_audio
from tts.audio.writer import file_rate
from tts.config.hydra_job import is_given
from tts.config.instantiate import instantiate
from tts.config.trusted_packages import with_trust
from tts.controls import SynthesisControls
from tts.errors import UserError, naming_key
from tts.files import require_other_file
from tts.onnx_voice.voice import is_onnx
from tts.synthesis.audio_files import STANDARD_OUTPUT, target_paths, write_sentences
from tts.synthesis.batch_rows import Row, read_rows
from tts.synthesis.line_errors import LineErrors
from tts.synthesis.mel_picture import save_mel_picture
from tts.synthesis.rounds import rounds_text
from tts.synthesis.standard_output import write_stream
from tts.synthesis.timing_files import write_timings
from tts.synthesizer import SynthesizedSentence, Synthesizer
from tts.text.lexicon import Lexicon
from tts.text.ssml import with_root


@with_trust
def synthesize(config: DictConfig) -> list[Path]:
    """Synthesize every line and return the files written.

    Of several lines, those without words are skipped with a warning; those that fail are reported
    at the end, and the others are still written. Raises UserError for them, where nothing could be
    spoken, for input that is unusable and for a file that cannot be written.
    """
    text, file = (None if value is None else str(value) for value in (config.text, config.file))
    rows = [
        row._replace(text=with_root(row.text)) if config.ssml and not row.error else row
        for row in read_rows(text, file)
    ]
    targets = target_paths(str(config.out), rows, config.format)
    _require_other_files(targets, rows, config.reference)
    formats = [config.timings] if isinstance(config.timings, str) else list(config.timings or ())
    if (config.pictures or formats) and STANDARD_OUTPUT in targets:
        raise UserError("pictures and timings are files next to the wav: give out=FILE or a folder")
    onnx = is_onnx(config.run)
    vocoder = None if onnx and not is_given("vocoder") else instantiate(config.vocoder)
    phonemizer = instantiate(config.phonemizer) if config.phonemizer else None
    lexicon = None if config.lexicon is None else Lexicon.read(config.lexicon)
    with naming_key("run", config.run):
        synthesizer = Synthesizer.load(
            config.run, config.device, vocoder, phonemizer, precision=config.precision,
            lexicon=lexicon,
        )  # fmt: skip
    if not onnx:  # imported here: a voice in ONNX speaks without torch
        from tts.config.option_checks import check_vocoder_option

        check_vocoder_option([synthesizer.model.features])
    controls = SynthesisControls.parse({n: config[n] for n in SynthesisControls._fields})
    errors = LineErrors(len(rows), None if text is not None else file)
    if STANDARD_OUTPUT in targets:
        with errors.line(rows[0].label):
            _stream(synthesizer, rows[0], config, controls)
        return targets
    rate = file_rate(targets[0], synthesizer.sample_rate)
    if rate != synthesizer.sample_rate:
        print(
            f"{targets[0].suffix} has no rate of {synthesizer.sample_rate} Hz: resampled to {rate} "
            "Hz",
            file=sys.stderr,
        )
    written: list[Path] = []
    for row, target in zip(rows, targets, strict=True):
        sentences: list[SynthesizedSentence] = []
        with errors.line(row.label):
            stream = synthesizer.sentences(*_request(row, config, controls))
            sentences, samples = write_sentences(stream, target, synthesizer.sample_rate)
        if not sentences:
            continue
        written.append(target)
        if config.pictures:
            drawn = [s._replace(features=synthesizer.mel_of(s.features)) for s in sentences]
            save_mel_picture(drawn, synthesizer.facts.contract, target.with_suffix(".png"))
        if formats:
            write_timings(synthesizer.timings(sentences), target, formats)
        _report(row, [one for s in sentences for one in s.skipped], [s.unknown for s in sentences])
        seconds = samples / synthesizer.sample_rate
        print(f"{target}  {seconds:.2f} s  {_timing(sentences)}")
    errors.require_spoken()
    return written


def _require_other_files(
    targets: Sequence[Path], rows: Sequence[Row], reference: str | None
) -> None:
    """Raise UserError where an audio file to write is a reference that is read."""
    given = filter(None, (reference, *(row.reference for row in rows)))
    references = {os.path.realpath(path): path for path in given}
    for target in targets:
        if (path := references.get(os.path.realpath(target))) is not None:
            require_other_file(target, path, "reference")


_Request = tuple[str, str | None, str | None, str | None, SynthesisControls, int]


def _request(row: Row, config: DictConfig, controls: SynthesisControls) -> _Request:
    """Return the arguments of a row's synthesis: its own values, else those of the command.

    Raises UserError for a row that cannot be spoken.
    """
    if row.error:
        raise UserError(row.error)
    if row.reference is not None:
        try:
            read_audio(Path(row.reference), 16000)
        except AudioError as error:  # of this row alone
            raise UserError(f"reference={error}") from error
    own_voice = row.speaker is not None and row.speaker != config.speaker
    return (
        row.text,
        row.speaker or config.speaker,
        row.language or (None if own_voice else config.language),
        row.reference or config.reference,
        controls.updated(row.controls),
        config.seed if row.seed is None else row.seed,
    )


def _stream(
    synthesizer: Synthesizer, row: Row, config: DictConfig, controls: SynthesisControls
) -> None:
    """Write a text to standard output as it is synthesized."""
    request = _request(row, config, controls)
    analyzed = synthesizer.analyze(*request[:3])
    _report(row, [one.skipped for one in analyzed if one.skipped], [s.unknown for s in analyzed])
    is_raw = config.format == "raw"
    if is_raw:
        rate = synthesizer.sample_rate
        print(f"16-bit little-endian samples, mono, {rate} Hz", file=sys.stderr)
    done = write_stream(synthesizer.stream(*request), synthesizer.sample_rate, is_raw)
    if done.first is not None:
        seconds = done.samples / synthesizer.sample_rate
        ended = ", then the pipe was closed" if done.closed else ""
        print(f"{seconds:.2f} s, the first after {done.first:.2f} s{ended}", file=sys.stderr)


def _report(row: Row, skipped: Sequence[str], unknown: Sequence[Sequence[str]]) -> None:
    """Print what is not spoken of a row."""
    for reason in skipped:
        print(f"{row.label}: skipped a piece: {reason}", file=sys.stderr)
    if characters := dict.fromkeys(one for sentence in unknown for one in sentence):
        left_out = " ".join(u if u.isprintable() else ascii(u) for u in characters)
        print(f"{row.label}: left out, because no symbol exists: {left_out}", file=sys.stderr)


def _timing(sentences: list[SynthesizedSentence]) -> str:
    """Format the total time of each stage, and the rounds of a model of masked codes."""
    totals = {stage: sum(s.seconds[stage] for s in sentences) for stage in sentences[0].seconds}
    parts = [f"{stage} {seconds * 1000:.0f} ms" for stage, seconds in totals.items()]
    if passes := [int(s.refinement.passes) for s in sentences if s.refinement is not None]:
        parts.append(rounds_text(passes))
    return "  ".join(parts)
