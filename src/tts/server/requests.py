"""Bodies of requests. Unknown fields are ignored, as OpenAI's clients expect.

A field of the name of a control, at a place where it has no effect, is refused.
"""

import json
from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from tts.controls import SynthesisControls

MISPLACED = "misplaced_control"  # type of the error
REFERENCE = Field(None, description="A recording whose style is copied: an audio file in base64.")
Controls = dict[str, float | str | dict[str, float] | None]


class Body(BaseModel):
    """A body in which a control of speaking has to be at a place that takes it."""

    @model_validator(mode="before")
    @classmethod
    def require_places(cls, data: Any) -> Any:
        """Refuse a control beside the fields of this body, where it would be ignored."""
        fields = data if isinstance(data, dict) else {}
        for name in SynthesisControls._fields:
            if (value := fields.get(name)) is None or name in cls.model_fields:
                continue
            is_curve = isinstance(value, list) and name in SentenceCurves.model_fields
            example: object = {"controls": {name: "..." if isinstance(value, list) else value}}
            if is_curve:
                example = {"sentences": [{"text": "...", name: ["..."]}]}
            raise PydanticCustomError(
                MISPLACED, "it has no effect here: give {example}",
                {"control": name, "example": json.dumps(example, ensure_ascii=False)[:200]},
            )  # fmt: skip
        return data


class VoiceId(BaseModel):
    """A voice as an object, as OpenAI has it for custom voices."""

    id: str


class OpenAISpeech(Body):
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
    controls: Controls = Field(
        default_factory=dict, description="pitch, energy and others that the voice takes."
    )
    reference: str | None = REFERENCE
    seed: int | None = Field(None, ge=0, le=2**32 - 1, strict=True, description="Of the noise.")


class SentenceCurves(Body):
    """One sentence with a value per symbol of its phonemes."""

    text: str = Field(min_length=1)
    pause: float = Field(0.0, ge=0, le=60, description="Seconds of silence that follow.")
    rate: list[float] | None = Field(None, description="Times faster, for each symbol.")
    pitch: list[float] | None = Field(None, description="Semitones up, for each symbol.")
    energy: list[float] | None = Field(None, description="Decibels up, for each symbol.")


class SpeechBody(Body):
    """Body of ``POST /v1/speech`` and ``/v1/prosody``: a text, or its sentences with curves."""

    input: str | None = Field(None, min_length=1, description="Text to speak.")
    sentences: list[SentenceCurves] | None = Field(
        None, min_length=1, description="In place of input: sentences with edited prosody."
    )
    voice: str | VoiceId | None = None
    speaker: str | None = None
    language: str | None = None
    controls: Controls = Field(
        default_factory=dict, description="rate, pitch, energy and others that the voice takes."
    )
    seed: int | None = Field(None, ge=0, le=2**32 - 1, strict=True, description="Of the noise.")
    reference: str | None = REFERENCE


class TimingsBody(SpeechBody):
    """Body of ``POST /v1/timings``."""

    format: Literal["json", "srt", "vtt", "textgrid"] = "json"
