"""Editing of a recording: replace words, and keep every sample outside as it was recorded.

Prompted infilling of masked codes, as SoundStorm's audio prompts (Borsos et al. 2023, section 3.3)
on both sides of the new words.
"""

import logging
import os
import unicodedata
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soxr
import torch
from torch import Tensor

from tts.alignment.lengths import ImpossibleAlignmentError
from tts.audio.io import audio_format, read_audio
from tts.audio.mel import mel_spectrogram
from tts.batch import Batch, GivenCodes, Prompt
from tts.contract import CodecContract
from tts.controls import NEUTRAL, SynthesisControls
from tts.errors import UserError
from tts.models.acoustic import Generated
from tts.models.replacement import Replacement, plan_replacement
from tts.synthesizer import Speech, Synthesizer, checked_seed
from tts.text.analysis import with_stop
from tts.text.errors import UnreadableTextError, shortened
from tts.text.reading import read_text
from tts.text.symbols import BOUNDARY
from tts.vocoders.codec_decoder import CodecDecoder

log = logging.getLogger(__name__)
MISFIT = 1.0  # deviation of ln(aligned / predicted frames): where the text fits, 0.4 to 0.9
CROSSFADE = 0.01  # seconds on either side of the new words, between recording and decoded codes


class Edited(NamedTuple):
    """A recording with new words."""

    speech: Speech
    start: int  # first sample that differs from the recording, with the crossfade
    end: int  # first sample behind the new words that is the recording's again
    generated: Generated  # with the confidence of each new token and the rounds used


def replace_words(
    voice: Synthesizer,
    recording: str | os.PathLike[str],
    text: str,
    new_text: str,
    speaker: str | None = None,
    language: str | None = None,
    seed: int | None = None,
    controls: SynthesisControls = NEUTRAL,
) -> Edited:
    """Return a recording of the sentence ``text`` that says ``new_text``.

    The words that differ are spoken anew, from the first to the last of them; the codes around
    them are kept, and the samples around them are the recording's, at its sample rate, except for
    a crossfade of 10 ms on each side. Channels are averaged.

    Warns of characters that are left out, of phones that the voice was never trained on, and of a
    recording that does not seem to say ``text``. Raises UserError for a voice that does not keep
    codes, for texts that are equal, for new words of which nothing can be read, and for a recording
    that is too short for its text.
    """
    if not voice.model.keeps_codes or not isinstance(voice.vocoder, CodecDecoder):
        raise UserError("replacing words needs a voice of model=masked_codec")
    codec = voice.vocoder.codec
    stride = codec.hop // voice.facts.contract.hop
    names = _names(voice, speaker, language)
    old, new = _phonemes(voice, text, new_text, names.language)
    before, behind = kept_symbols(old, new)
    wave = torch.from_numpy(read_audio(Path(recording), voice.sample_rate))
    mel = mel_spectrogram(wave, voice.facts.contract)[None].to(voice.device)
    old_prompt, prompt = (_prompt(voice, each, names) for each in (old, new))
    durations = _aligned(voice, old_prompt, mel)
    rest = _rest(voice, mel, durations, before, behind)
    _warn_of_misfit(voice, old_prompt._replace(reference=rest), durations)
    prompt = prompt._replace(
        reference=rest,
        controls=controls.updated({}).for_tokens(len(new), voice.device).on(voice.speaking),
        generator=_generator(voice, seed),
    )
    predicted = voice.model.predicted_durations(prompt)[0]
    plan = plan_replacement(durations, predicted, before, behind, stride)
    with torch.inference_mode():
        codes = codec.encode(wave[None].to(voice.device))
    generated = voice.model.generate(prompt._replace(given=_given(codes, plan, codec.contract)))
    decoded = voice.speech_of(generated).waveform
    rate = audio_format(recording).sample_rate
    if rate != voice.sample_rate:  # the recording keeps its own
        wave = torch.from_numpy(read_audio(recording, rate))
        decoded = soxr.resample(decoded, voice.sample_rate, rate)
    seconds = codec.hop / codec.sample_rate
    cut = Cut(*(round(n * seconds * rate) for n in (plan.start, plan.end, plan.new_end)))
    samples, first, last = spliced(wave, torch.from_numpy(decoded), cut, round(CROSSFADE * rate))
    return Edited(Speech(samples, rate), first, last, generated)


def kept_symbols(old: str, new: str) -> tuple[int, int]:
    """Return how many phoneme symbols at the start and at the end two sentences share.

    Whole words: the kept parts end and begin at a word boundary. Raises UserError for equal ones.
    """
    if old == new:
        raise UserError("new_text is spoken as text is: there is nothing to replace")
    before = old.rfind(BOUNDARY, 0, _equal(old, new)) + 1
    shorter, longer = sorted((old[before:][::-1], new[before:][::-1]), key=len)
    behind = _equal(shorter, longer)
    if behind == len(shorter) and longer[behind] == BOUNDARY:  # words are only added or left out
        return before, behind
    return before, longer.rfind(BOUNDARY, 0, behind) + 1


def _equal(first: str, second: str) -> int:
    """Return how many characters at the start are equal."""
    pairs = enumerate(zip(first, second, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(first), len(second)))


class Cut(NamedTuple):
    """Samples where new words start and end, in the recording and in the result."""

    start: int
    end: int  # in the recording
    new_end: int  # in the result


def spliced(wave: Tensor, decoded: Tensor, cut: Cut, fade: int) -> tuple[np.ndarray, int, int]:
    """Put the ``decoded`` samples of the new words between those of the recording ``wave (S,)``.

    ``fade``: samples of the crossfades. Returns the samples, the first of them that is not the
    recording's, and the first behind it that is the recording's again.
    """
    start, end, new_end = cut
    right = wave[end:]
    into, out = min(fade, start), min(fade, len(right), len(decoded) - new_end)
    rising = torch.linspace(0, 1, into + 2)[1:-1]
    falling = torch.linspace(1, 0, out + 2)[1:-1]
    samples = torch.cat([
        wave[: start - into],
        torch.lerp(wave[start - into : start], decoded[start - into : start], rising),
        decoded[start:new_end],
        torch.lerp(right[:out], decoded[new_end : new_end + out], falling),
        right[out:],
    ])  # fmt: skip
    return samples.numpy(), start - into, new_end + out


class _Names(NamedTuple):
    """Who speaks, in which language: names and indices."""

    speaker: int
    language: str
    language_index: int


def _names(voice: Synthesizer, speaker: str | None, language: str | None) -> _Names:
    facts = voice.facts
    index = facts.speaker_index(speaker)
    if language is None:
        language = facts.languages[facts.speaker_languages[index]]
    if language not in facts.languages:
        known = ", ".join(facts.languages)
        raise UserError(f"language={language!r} is unknown to this model; choose from {known}")
    return _Names(index, language, facts.languages.index(language))


def _phonemes(voice: Synthesizer, text: str, new_text: str, language: str) -> tuple[str, str]:
    """Return the phonemes of both sentences, each of which is a token.

    Warns of what is left out and of what was never trained. Raises UnreadableTextError where the
    new words have nothing that can be read.
    """
    found: list[str] = []
    unknown: tuple[str, ...] = ()
    for key, each in (("text", text), ("new_text", new_text)):
        try:
            output = read_text(voice.frontend, each, language)
        except UnreadableTextError as error:
            raise UnreadableTextError(f"{key}: {error}", error.left_out) from error
        found.append(voice.frontend.known(with_stop(output.phonemes))[0])
        unknown = (*unknown, *output.unknown)
    words = _changed(text, new_text)
    if _is_unread(words, output.unknown):
        raise UnreadableTextError(
            f"new_text: nothing of the new words {shortened(words)} can be read as "
            f"language={language}; write other words, or leave out the old ones",
            output.unknown,
        )
    if unknown:
        left_out = (one if one.isprintable() else ascii(one) for one in dict.fromkeys(unknown))
        log.warning("left out, because no symbol exists: %s", " ".join(left_out))
    voice.warn_of_untrained((language, phonemes) for phonemes in found)
    return found[0], found[1]


def _changed(old: str, new: str) -> str:
    """Return the words of ``new`` from the first to the last that differ from those of ``old``."""
    ours, theirs = new.split(), old.split()
    while ours and theirs and ours[0] == theirs[0]:
        del ours[0], theirs[0]
    while ours and theirs and ours[-1] == theirs[-1]:
        del ours[-1], theirs[-1]
    return " ".join(ours)


def _is_unread(words: str, unknown: tuple[str, ...]) -> bool:
    """Return whether words have more than punctuation, and all that is more is ``unknown``."""
    spoken = {one for one in words if unicodedata.category(one)[0] not in "PZCM"}
    return bool(spoken) and spoken <= {*unknown}


def _aligned(voice: Synthesizer, prompt: Prompt, mel: Tensor) -> Tensor:
    """Return the frames of each token of the recording, ``(N,)``.

    Raises UserError for a text that is too long for the recording.
    """
    try:
        return voice.model.align(_batch(prompt, mel))[0]
    except ImpossibleAlignmentError as error:
        seconds = voice.facts.contract.seconds(mel.shape[1])
        raise UserError(
            f"text= is longer than recording= can hold: {prompt.tokens.shape[1]} sounds in "
            f"{seconds:.2f} s; give the words that the recording says"
        ) from error


def _warn_of_misfit(voice: Synthesizer, prompt: Prompt, durations: Tensor) -> None:
    """Warn where the ``durations (N,)`` of an alignment are far from those that the voice predicts.

    An alignment with another text stretches some sounds and leaves others one frame.
    """
    with torch.inference_mode():
        predicted = voice.model.predicted_durations(prompt)[0]
    ratio = durations.clamp(min=1).log() - predicted.clamp(min=1).log()
    if float(ratio.std()) > MISFIT:
        log.warning(
            "recording= does not seem to say text=, or its speaker is unlike the voice: words may "
            "be cut at the wrong place"
        )


def _generator(voice: Synthesizer, seed: int | None) -> torch.Generator | None:
    if seed is None:
        return None
    return torch.Generator(voice.device).manual_seed(checked_seed(seed))


def _prompt(voice: Synthesizer, phonemes: str, names: _Names) -> Prompt:
    tokens = voice.frontend.tokens(phonemes)
    return Prompt(
        torch.tensor([tokens], device=voice.device),
        torch.tensor([len(tokens)], device=voice.device),
        speaker=torch.tensor([names.speaker], device=voice.device),
        language=torch.tensor([names.language_index], device=voice.device),
    )


def _rest(
    voice: Synthesizer, mel: Tensor, durations: Tensor, before: int, behind: int
) -> Tensor | None:
    """Return the log mel ``(1, T, M)`` around the words, as the style's reference if it needs one.

    Raises UserError where it is too short.
    """
    if voice.model.reference == "none":
        return None
    start, end = int(durations[:before].sum()), int(durations[: len(durations) - behind].sum())
    rest = torch.cat([mel[:, :start], mel[:, end:]], 1)
    if rest.shape[1] < (least := voice.model.shortest_reference):
        seconds = voice.facts.contract.seconds
        raise UserError(
            f"{seconds(rest.shape[1]):.2f} s of the recording remain, and its style needs "
            f"{seconds(least):.2f} s: replace fewer words"
        )
    return rest


def _batch(prompt: Prompt, mel: Tensor) -> Batch:
    """Return what an aligner reads of one recording."""
    frames = torch.tensor([mel.shape[1]], device=mel.device)
    return Batch(prompt.tokens, prompt.token_lengths, frames, mel, language=prompt.language)


def _given(codes: Tensor, plan: Replacement, codec: CodecContract) -> GivenCodes:
    """Return the codes around the new words, at their places in the result."""
    new = codes.new_zeros(1, plan.new_end - plan.start, codes.shape[2])
    moved = torch.cat([codes[:, : plan.start], new, codes[:, plan.end :]], 1)
    kept = torch.ones_like(moved, dtype=torch.bool)
    kept[:, plan.start : plan.new_end] = False
    return GivenCodes(moved, kept, plan.durations.to(codes.device), codec)
