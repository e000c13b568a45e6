"""Text in, wavs out."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from hydra.utils import instantiate
from omegaconf import DictConfig

from tts.audio.io import AudioError, audio_writer
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.synthesizer import SynthesizedSentence, Synthesizer, joined

ENDINGS = (".wav", ".flac", ".ogg", ".opus", ".mp3")


def synthesize(config: DictConfig) -> list[Path]:
    """Speak every line; the files written. A line that cannot be spoken is told, the rest still is.

    Raises UserError when nothing could be spoken or the input is unusable as a whole.
    """
    lines = list(_lines(config))
    targets = _targets(Path(str(config.out)), len(lines))
    synthesizer = Synthesizer.load(
        config.run,
        config.device,
        instantiate(config.vocoder),
        instantiate(config.phonemizer) if config.phonemizer else None,
    )
    controls = SynthesisControls.parse({n: config[n] for n in SynthesisControls._fields})
    written: list[Path] = []
    failed: list[str] = []
    for (number, line), target in zip(lines, targets, strict=True):
        spoken = synthesizer.sentences(
            line, config.speaker, config.language, config.reference, controls, config.seed
        )
        try:
            sentences, samples = _write(spoken, target, synthesizer.sample_rate)
        except AudioError:
            raise
        except UserError as error:
            if len(lines) == 1:
                raise
            failed.append(f"line {number}: {error}")
            continue
        written.append(target)
        if config.pictures:
            _picture(sentences, synthesizer, target.with_suffix(".png"))
        if unknown := dict.fromkeys(u for sentence in sentences for u in sentence.unknown):
            left_out = " ".join(u if u.isprintable() else ascii(u) for u in unknown)
            print(
                f"line {number}: left out, because it cannot be spoken: {left_out}", file=sys.stderr
            )
        print(f"{target}  {samples / synthesizer.sample_rate:.2f} s  {_speed(sentences)}")
    if failed:
        raise UserError("\n       ".join([f"{len(failed)} of {len(lines)} not spoken", *failed]))
    return written


def _write(
    spoken: Iterable[SynthesizedSentence], target: Path, rate: int
) -> tuple[list[SynthesizedSentence], int]:
    """Write sentences as they come, and let go of their samples: memory does not grow with them.

    The sentences without their samples, and how many of those were written.
    """
    sentences: list[SynthesizedSentence] = []
    count = 0

    def passing() -> Iterator[SynthesizedSentence]:
        for sentence in spoken:
            sentences.append(sentence._replace(waveform=sentence.waveform[:0].copy()))
            yield sentence

    with audio_writer(target, rate) as write:
        for piece in joined(passing(), rate):
            write(piece)
            count += len(piece)
    return sentences, count


def _lines(config: DictConfig) -> Iterator[tuple[int, str]]:
    """Numbered utterances: the text as one, or the lines of the file or of standard input."""
    given = [name for name in ("text", "file") if config[name] is not None]
    if len(given) > 1:
        raise UserError("give text= or file=, not both")
    if given == ["text"]:
        yield 1, str(config.text)
        return
    if given == ["file"]:
        path = Path(str(config.file))
        if not path.is_file():
            raise UserError(f"file={path}: there is no such file")
        try:
            content = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from error
        where = str(path)
    else:
        if sys.stdin.isatty():
            print("type what to say, then Ctrl-D", file=sys.stderr)
        content = sys.stdin.read()
        where = "standard input"
    found = False
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            found = True
            yield number, line
    if not found:
        raise UserError(f'{where} holds no text; or give text="..."')


def _targets(out: Path, count: int) -> list[Path]:
    if out.suffix.lower() in ENDINGS:
        if count > 1:
            raise UserError(f"out={out} is one file and there are {count} lines: give a folder")
        return [out]
    if out.suffix[1:].isalpha() and not out.is_dir():
        raise UserError(
            f"out={out}: cannot write {out.suffix}; choose from {', '.join(ENDINGS)}, or a folder"
        )
    width = max(len(str(count)), 3)
    return [out / f"{number:0{width}d}.wav" for number in range(1, count + 1)]


def _speed(sentences: list[SynthesizedSentence]) -> str:
    """What each stage took."""
    totals = {stage: sum(s.seconds[stage] for s in sentences) for stage in sentences[0].seconds}
    return "  ".join(f"{stage} {seconds * 1000:.0f} ms" for stage, seconds in totals.items())


def _picture(sentences: list[SynthesizedSentence], synthesizer: Synthesizer, path: Path) -> None:
    """The mel of each sentence with the symbols where they are spoken."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    contract = synthesizer.facts.contract
    figure, axes = plt.subplots(
        len(sentences), 1, squeeze=False, figsize=(14, 3.2 * len(sentences)), layout="constrained"
    )
    for axis, sentence in zip(axes[:, 0], sentences, strict=True):
        seconds = contract.seconds(len(sentence.features))
        axis.imshow(
            sentence.features.T.numpy(),
            origin="lower",
            aspect="auto",
            extent=(0, seconds, 0, contract.bands),
        )
        start = 0.0
        durations = [] if sentence.durations is None else sentence.durations.tolist()
        for symbol, frames in zip(sentence.phonemes, durations, strict=bool(durations)):
            width = contract.seconds(frames)
            axis.axvline(start, color="white", linewidth=0.4, alpha=0.5)
            axis.text(start + width / 2, contract.bands + 1, symbol, ha="center", fontsize=8)
            start += width
        axis.set_xlabel("seconds")
        axis.set_ylabel("mel band")
    figure.savefig(path, dpi=110)
    plt.close(figure)
