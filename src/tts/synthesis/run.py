"""Synthesis of audio files from lines of text."""

import sys
from pathlib import Path

from omegaconf import DictConfig

from tts.audio.writer import file_rate
from tts.config.hydra_job import is_given
from tts.config.instantiate import instantiate
from tts.config.trusted_packages import with_trust
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.onnx_voice.voice import is_onnx
from tts.synthesis.audio_files import STANDARD_OUTPUT, target_paths, write_sentences
from tts.synthesis.line_errors import LineErrors
from tts.synthesis.mel_picture import save_mel_picture
from tts.synthesis.text_lines import read_lines
from tts.synthesis.timing_files import write_timings
from tts.synthesizer import SynthesizedSentence, Synthesizer


@with_trust
def synthesize(config: DictConfig) -> list[Path]:
    """Synthesize every line and return the files written.

    Of several lines, those without words are skipped with a warning; those that fail are reported
    at the end, and the others are still written. Raises UserError for them, where nothing could be
    spoken, for input that is unusable and for a file that cannot be written.
    """
    text, file = (None if value is None else str(value) for value in (config.text, config.file))
    lines = list(read_lines(text, file))
    targets = target_paths(str(config.out), [number for number, _ in lines])
    formats = [config.timings] if isinstance(config.timings, str) else list(config.timings or ())
    if (config.pictures or formats) and STANDARD_OUTPUT in targets:
        raise UserError("pictures and timings are files next to the wav: give out=FILE or a folder")
    onnx = is_onnx(config.run)
    synthesizer = Synthesizer.load(
        config.run,
        config.device,
        None if onnx and not is_given("vocoder") else instantiate(config.vocoder),
        instantiate(config.phonemizer) if config.phonemizer else None,
        precision=config.precision,
    )
    if not onnx:  # imported here: a voice in ONNX speaks without torch
        from tts.config.option_checks import check_vocoder_option

        check_vocoder_option([synthesizer.model.features])
    controls = SynthesisControls.parse({n: config[n] for n in SynthesisControls._fields})
    log = sys.stderr if STANDARD_OUTPUT in targets else sys.stdout
    rate = file_rate(targets[0], synthesizer.sample_rate)
    if rate != synthesizer.sample_rate:
        print(
            f"{targets[0].suffix} has no rate of {synthesizer.sample_rate} Hz: resampled to {rate} "
            "Hz",
            file=sys.stderr,
        )
    written: list[Path] = []
    errors = LineErrors(len(lines))
    for (number, line), target in zip(lines, targets, strict=True):
        stream = synthesizer.sentences(
            line, config.speaker, config.language, config.reference, controls, config.seed
        )
        sentences: list[SynthesizedSentence] = []
        with errors.line(number):
            sentences, samples = write_sentences(stream, target, synthesizer.sample_rate)
        if not sentences:
            continue
        written.append(target)
        if config.pictures:
            drawn = [s._replace(features=synthesizer.mel_of(s.features)) for s in sentences]
            save_mel_picture(drawn, synthesizer.facts.contract, target.with_suffix(".png"))
        if formats:
            write_timings(synthesizer.timings(sentences), target, formats)
        for reason in (reason for sentence in sentences for reason in sentence.skipped):
            print(f"line {number}: skipped a piece: {reason}", file=sys.stderr)
        if unknown := dict.fromkeys(u for sentence in sentences for u in sentence.unknown):
            left_out = " ".join(u if u.isprintable() else ascii(u) for u in unknown)
            print(f"line {number}: left out, because no symbol exists: {left_out}", file=sys.stderr)
        seconds = samples / synthesizer.sample_rate
        print(f"{target}  {seconds:.2f} s  {_timing(sentences)}", file=log)
    errors.require_spoken()
    return written


def _timing(sentences: list[SynthesizedSentence]) -> str:
    """Format the total time of each stage."""
    totals = {stage: sum(s.seconds[stage] for s in sentences) for stage in sentences[0].seconds}
    return "  ".join(f"{stage} {seconds * 1000:.0f} ms" for stage, seconds in totals.items())
