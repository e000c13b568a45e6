"""Work of the requests: generators of response pieces, which the scheduler runs step by step."""

import base64
import binascii
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.server.encoding import Encoder, to_int16
from tts.server.prosody import describe_mel, describe_sentence
from tts.server.requests import SentenceCurves, SpeechBody
from tts.server.scheduler import Piece
from tts.server.voices import Speaker
from tts.synthesis.timing_files import FORMATS as TIMING_FORMATS
from tts.synthesizer import SynthesizedSentence, Synthesizer


class Utterance(NamedTuple):
    """A text and how it is spoken."""

    text: str
    controls: SynthesisControls
    pause: float = 0.0  # seconds of silence that follow


class Task(NamedTuple):
    """A checked request."""

    voice: Synthesizer
    utterances: Sequence[Utterance]
    speaker: str | None
    language: str | None
    seed: int
    reference: bytes | None = None  # an audio file

    def generator(self) -> torch.Generator:
        """Return a generator of the request's own."""
        return torch.Generator(self.voice.device).manual_seed(self.seed)


def make_task(body: SpeechBody, found: Speaker, seed: int) -> Task:
    """Return the task of a request. Raises UserError for values that no voice accepts."""
    controls = SynthesisControls.parse(body.controls)
    if body.sentences is not None:
        utterances = [_with_curves(sentence, controls) for sentence in body.sentences]
        utterances[-1] = utterances[-1]._replace(pause=0.0)
    else:
        utterances = [Utterance(body.input or "", controls)]
    return Task(
        found.voice,
        utterances,
        body.speaker if body.speaker is not None else found.speaker,
        body.language,
        seed if body.seed is None else body.seed,
        decoded(body.reference),
    )


def encoded_speech(task: Task, encoder: Encoder, as_events: bool) -> Iterator[Piece]:
    """Yield an audio file, or OpenAI's server-sent events with pieces of it."""
    voice = task.voice
    with _reference_file(task.reference) as reference:
        for utterance in task.utterances:
            for wave in voice.stream(
                utterance.text, task.speaker, task.language, reference, utterance.controls,
                task.seed,
            ):  # fmt: skip
                seconds = len(wave) / voice.sample_rate
                yield Piece(_maybe_event(encoder.encode(wave), as_events), seconds)
    yield Piece(_maybe_event(encoder.finish(), as_events))
    if as_events:
        usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        yield Piece(_event({"type": "speech.audio.done", "usage": usage}))


def speech_lines(task: Task) -> Iterator[Piece]:
    """Yield JSON lines: each sentence's prosody, mel and timings, and its samples in pieces.

    ``{"type": "sentence", ...}``, then ``{"type": "audio", "pcm": base64 of int16}`` lines, and
    ``{"type": "done"}`` at the end.
    """
    voice = task.voice
    # one for all sentences, so that with curves they sound as they did without
    generator = task.generator()
    with _reference_file(task.reference) as reference:
        for utterance in task.utterances:
            for sentence, waves in voice.stream_sentences(
                utterance.text, task.speaker, task.language, reference, utterance.controls,
                generator,
            ):  # fmt: skip
                sentence = sentence._replace(pause=sentence.pause or utterance.pause)
                line = describe_sentence(voice, sentence, task.speaker)
                start = {"type": "sentence", "sample_rate": voice.sample_rate}
                yield Piece(json_line({**start, **line, **describe_mel(voice, sentence)}))
                for wave in waves:
                    yield _audio_line(wave, voice.sample_rate)
                if sentence.pause:
                    silence = np.zeros(round(sentence.pause * voice.sample_rate), np.float32)
                    yield _audio_line(silence, voice.sample_rate)
    yield Piece(json_line({"type": "done"}))


def prosody(task: Task) -> Iterator[Piece]:
    """Yield one JSON object with the predicted prosody of each sentence, without their audio."""
    found = []
    for sentence in _without_audio(task):
        found.append(describe_sentence(task.voice, sentence, task.speaker))
        yield Piece(b"")
    content = {"sample_rate": task.voice.sample_rate, "sentences": found}
    yield Piece(json.dumps(content, ensure_ascii=False).encode())


def timings(task: Task, form: str) -> Iterator[Piece]:
    """Yield the timings of a text in one of :data:`tts.synthesis.timing_files.FORMATS`."""
    sentences = []
    for sentence in _without_audio(task):
        sentences.append(sentence)
        yield Piece(b"")
    yield Piece(TIMING_FORMATS[form](task.voice.timings(sentences)).encode())


def json_line(content: dict[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


def _without_audio(task: Task) -> Iterator[SynthesizedSentence]:
    generator = task.generator()
    with _reference_file(task.reference) as reference:
        for utterance in task.utterances:
            for sentence, _ in task.voice.stream_sentences(
                utterance.text, task.speaker, task.language, reference, utterance.controls,
                generator,
            ):  # fmt: skip
                yield sentence._replace(pause=sentence.pause or utterance.pause)


def _with_curves(sentence: SentenceCurves, controls: SynthesisControls) -> Utterance:
    curves = {
        name: values
        for name in ("rate", "pitch", "energy")
        if (values := getattr(sentence, name)) is not None
    }
    return Utterance(sentence.text, controls.updated(curves), sentence.pause)


def _audio_line(wave: np.ndarray, sample_rate: int) -> Piece:
    pcm = base64.b64encode(to_int16(wave)).decode()
    return Piece(json_line({"type": "audio", "pcm": pcm}), len(wave) / sample_rate)


def _maybe_event(audio: bytes, as_events: bool) -> bytes:
    if not as_events or not audio:
        return audio
    return _event({"type": "speech.audio.delta", "audio": base64.b64encode(audio).decode()})


def _event(content: dict[str, object]) -> bytes:
    return b"data: " + json.dumps(content).encode() + b"\n\n"


def decoded(reference: str | None) -> bytes | None:
    """Return the bytes of a request's reference. Raises UserError for what is no base64."""
    if reference is None:
        return None
    try:
        return base64.b64decode(reference, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError("reference: expected an audio file in base64") from error


@contextmanager
def _reference_file(content: bytes | None) -> Iterator[str | None]:
    """Yield the path of a temporary file with the reference recording."""
    if content is None:
        yield None
        return
    handle, path = tempfile.mkstemp(prefix="tts-reference-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        yield path
    except UserError as error:
        if path not in str(error):
            raise
        # the client knows no file
        message = str(error).replace(f"reference={path}", "reference").replace(path, "reference")
        raise UserError(message) from error
    finally:
        Path(path).unlink(missing_ok=True)
