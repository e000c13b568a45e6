"""Bodies of requests. Unknown fields are ignored, as OpenAI's clients expect."""

from typing import Literal

from pydantic import BaseModel, Field


class VoiceId(BaseModel):
    """A voice as an object, as OpenAI has it for custom voices."""

    id: str


class OpenAISpeech(BaseModel):
    """Body of ``POST /v1/audio/speech``, as OpenAI documents it."""

    input: str = Field(min_length=1, description="Text to speak.")
    model: str = Field("lightning-tts", description="Any name: the voice decides.")
    voice: str | VoiceId | None = Field(
        None, description="A voice, or `voice:speaker`; the first where none is given."
    )
    response_format: str = Field("mp3", description="mp3, opus, flac, wav, pcm (24 kHz) or ogg.")
    speed: float = Field(1.0, ge=0.25, le=4.0, description="Times faster.")
    stream_format: Literal["audio", "sse"] = Field(
        "audio", description="sse: events with pieces in base64."
    )
    # not OpenAI's
    speaker: str | None = Field(None, description="One of the voice's speakers.")
    language: str | None = Field(None, description="One of the voice's languages.")
    seed: int | None = Field(None, ge=0, le=2**32 - 1, strict=True, description="Of the noise.")


class SentenceCurves(BaseModel):
    """One sentence with a value per symbol of its phonemes."""

    text: str = Field(min_length=1)
    pause: float = Field(0.0, ge=0, le=60, description="Seconds of silence that follow.")
    rate: list[float] | None = Field(None, description="Times faster, for each symbol.")
    pitch: list[float] | None = Field(None, description="Semitones up, for each symbol.")
    energy: list[float] | None = Field(None, description="Decibels up, for each symbol.")


class SpeechBody(BaseModel):
    """Body of ``POST /v1/speech`` and ``/v1/prosody``: a text, or its sentences with curves."""

    input: str | None = Field(None, min_length=1, description="Text to speak.")
    sentences: list[SentenceCurves] | None = Field(
        None, min_length=1, description="In place of input: sentences with edited prosody."
    )
    voice: str | VoiceId | None = None
    speaker: str | None = None
    language: str | None = None
    controls: dict[str, float | str | dict[str, float] | None] = Field(
        default_factory=dict, description="rate, pitch, energy and others that the voice takes."
    )
    seed: int | None = Field(None, ge=0, le=2**32 - 1, strict=True, description="Of the noise.")
    reference: str | None = Field(
        None, description="A recording whose style is copied: an audio file in base64."
    )


class TimingsBody(SpeechBody):
    """Body of ``POST /v1/timings``."""

    format: Literal["json", "srt", "vtt", "textgrid"] = "json"
