"""Sentences, words and phonemes of a text, as synthesis uses them, as lines of JSON or text."""

import json
import sys
from collections.abc import Iterator

from omegaconf import DictConfig

from tts.checkpoint import load_run
from tts.config.instantiate import instantiate
from tts.config.trusted_packages import with_trust
from tts.errors import UserError, naming_key
from tts.synthesis.line_errors import LineErrors
from tts.synthesis.text_lines import read_lines
from tts.text.analysis import AnalyzedSentence, Cast, analyze
from tts.text.frontend import Frontend
from tts.text.lexicon import Lexicon
from tts.text.phonemes import Phonemizer


@with_trust
def phonemize(config: DictConfig) -> None:
    """Print the sentences of the text; warn of pieces and lines without words, which are skipped.

    Raises UserError for lines that cannot be read, after the others are printed, and where no line
    has words.
    """
    if config.format not in _FORMATS:
        raise UserError(f"format={config.format}: choose from {', '.join(_FORMATS)}")
    text, file = (None if value is None else str(value) for value in (config.text, config.file))
    phonemizer = instantiate(config.phonemizer) if config.phonemizer else None
    chosen = instantiate(config.frontend) if phonemizer is None else Frontend(phonemizer)
    frontend, languages, cast = _frontend(config.run, chosen, phonemizer)
    lexicons = [] if config.lexicon is None else [Lexicon.read(config.lexicon)]
    language = languages[0] if config.language is None else str(config.language)
    show = _FORMATS[config.format]
    lines = list(read_lines(text, file))
    if config.run is None:
        frontend = frontend.learned((line, language) for _, line in lines)
    errors = LineErrors(len(lines), None if text is not None else file)
    for number, line in lines:
        sentences: list[AnalyzedSentence] = []
        with errors.line(f"line {number}"):
            sentences = analyze(frontend, line, language, lexicons, cast, bool(config.ssml))
        for sentence in sentences:
            if sentence.skipped:
                print(f"line {number}: skipped a piece: {sentence.skipped}", file=sys.stderr)
            written = frontend.table.written(sentence.phonemes)
            print("\n".join(show(sentence._replace(phonemes=written))))
    errors.require_spoken()


def _frontend(
    run: str | None, chosen: Frontend, phonemizer: Phonemizer | None
) -> tuple[Frontend, tuple[str, ...], Cast | None]:
    """Return the front end of a run, its languages and what SSML may name, or the chosen one."""
    if run is None:
        return chosen, ("en-us",), None
    with naming_key("run", run):
        loaded = load_run(run)
        facts = loaded.require_facts()
    assert loaded.frontend is not None
    frontend = Frontend.from_dict(loaded.frontend, phonemizer, str(loaded.path))
    return (
        frontend,
        facts.languages,
        Cast.of(facts.languages, facts.speakers, facts.speaker_languages),
    )


def _as_json(sentence: AnalyzedSentence) -> Iterator[str]:
    yield json.dumps(
        {
            "sentence": sentence.text,
            "normalized": sentence.normalized,
            "phonemes": sentence.phonemes,
            "pause": sentence.pause + sentence.silence,
            "unknown": sentence.unknown,
            "language": sentence.language,
        },
        ensure_ascii=False,
    )


def _as_text(sentence: AnalyzedSentence) -> Iterator[str]:
    yield sentence.text
    if sentence.skipped:
        return
    yield f"    language  {sentence.language}"
    yield f"    words     {sentence.normalized}"
    yield f"    phonemes  {sentence.phonemes.strip()}"
    if pause := sentence.pause + sentence.silence:
        yield f"    pause     {pause:g} s"
    if sentence.unknown:
        yield f"    left out  {' '.join(map(ascii, sentence.unknown))}"


_FORMATS = {"json": _as_json, "text": _as_text}
