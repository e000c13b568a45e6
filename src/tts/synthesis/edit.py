"""Replacement of words in a recording, from a command's config to a file."""

import re
from pathlib import Path

from omegaconf import DictConfig

from tts.audio.io import audio_format
from tts.audio.writer import FORMATS, audio_writer, file_rate, stored_as
from tts.config.command_options import EDIT_CONTROLS
from tts.config.instantiate import instantiate
from tts.config.trusted_packages import with_trust
from tts.controls import SynthesisControls
from tts.editing import Edited, replace_words
from tts.errors import UserError
from tts.files import require_other_file, require_writable
from tts.onnx_voice.voice import is_onnx
from tts.synthesis.rounds import rounds_text
from tts.synthesizer import Synthesizer
from tts.text.errors import UnreadableTextError


@with_trust
def edit(config: DictConfig) -> Edited:
    """Replace words in a recording, write the file and print where it differs.

    Raises UserError for words that the text does not have once, for a run of another family, for a
    recording that cannot be edited, and for a file that cannot be written.
    """
    text = str(config.text)
    if not text.strip():
        raise UserError("text= is empty: give what the recording says")
    new_text = _new_text(config, text)
    out, recording = Path(str(config.out)), Path(str(config.recording))
    if out.suffix.lower() not in FORMATS:
        raise UserError(f"out={out}: cannot write {out.suffix}; choose from {', '.join(FORMATS)}")
    require_writable(out, "out=")
    require_other_file(out, recording, "recording")
    controls = SynthesisControls.parse({name: config[name] for name in EDIT_CONTROLS})
    stored = audio_format(recording)
    voice = _load(config)
    try:
        edited = replace_words(
            voice, recording, text, new_text, config.speaker, config.language, config.seed, controls
        )
    except UnreadableTextError as error:
        if config.new_text is None and (reason := str(error)).startswith("new_text: "):
            raise UserError(f"with: {reason.removeprefix('new_text: ')}") from error
        raise
    samples, rate = edited.speech
    with audio_writer(out, rate, stored_as(out, stored.subtype)) as write:
        write(samples)
    assert edited.generated.refinement is not None
    print(
        f"{out}  {len(samples) / rate:.2f} s  new: {edited.start / rate:.2f} to "
        f"{edited.end / rate:.2f} s  {rounds_text([int(edited.generated.refinement.passes)])}"
    )
    if file_rate(out, rate) != rate:
        print(f"{out.suffix} has no rate of {rate} Hz: resampled to {file_rate(out, rate)} Hz")
    return edited


def with_replaced(text: str, old: str, new: str) -> str:
    """Return ``text`` with the words ``old`` in it replaced by ``new``; upper case counts as lower.

    Raises UserError unless ``old`` is there once, as whole words.
    """
    words = old.split()
    if not words:
        raise UserError("replace= has no words: give those of text= that are to be replaced")
    pattern = r"(?<!\w)" + r"\s+".join(map(re.escape, words)) + r"(?!\w)"
    found = [match.span(1) for match in re.finditer(f"(?=({pattern}))", text, re.I)]
    if not found:
        raise UserError(f"replace={old!r}: there are no such words in text={text!r}")
    if len(found) > 1:
        raise UserError(
            f"replace={old!r}: these words are {len(found)} times in text={text!r}; add a word "
            "before or behind them, in with= too, or give new_text="
        )
    start, end = found[0]
    return " ".join(f"{text[:start]}{new}{text[end:]}".split())


def _new_text(config: DictConfig, text: str) -> str:
    """Return what the recording is to say. Raises UserError for options that do not fit."""
    old, new, full = (config[name] for name in ("replace", "with", "new_text"))
    if (old is None) != (new is None) or (old is None) == (full is None):
        raise UserError("give either replace=WORDS with=WORDS, or new_text=TEXT")
    if full is not None:
        if not str(full).strip():
            raise UserError("new_text= is empty: give all that the recording is to say")
        return str(full)
    replaced = with_replaced(text, str(old), str(new))
    if not str(new).strip() and not any(map(str.isalnum, replaced)):
        raise UserError(
            "with= is empty and replace= is all of text=: leave words, or give new ones"
        )
    return replaced


def _load(config: DictConfig) -> Synthesizer:
    """Load the voice. Raises UserError for one of another family."""
    phonemizer = instantiate(config.phonemizer) if config.phonemizer else None
    if not is_onnx(config.run):
        voice = Synthesizer.load(config.run, config.device, phonemizer=phonemizer)
        if voice.model.keeps_codes:
            return voice
    raise UserError(
        f"run={config.run}: its model cannot keep codes of a recording; give a run or a voice of "
        "model=masked_codec"
    )
