"""Voices of the server, by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tts.errors import UserError
from tts.onnx_voice.voice import is_onnx
from tts.project_files import VOICES
from tts.server.settings import Loading
from tts.synthesizer import Synthesizer


class UnknownVoiceError(UserError):
    """A request names a voice that is not served."""


class Speaker(NamedTuple):
    """A voice and one of its speakers; None is its first."""

    voice: Synthesizer
    speaker: str | None


class Voices:
    """Loaded voices by name, and other names for them."""

    def __init__(
        self, voices: Mapping[str, Synthesizer], aliases: Mapping[str, str] | None = None
    ) -> None:
        """Raises UserError for an alias of a voice that is not there."""
        self.voices, self.aliases = dict(voices), dict(aliases or {})
        for alias, name in self.aliases.items():
            if name not in self.voices:
                raise UserError(
                    f"aliases.{alias}={name}: no such voice; choose from {', '.join(self.voices)}"
                )

    @property
    def default(self) -> str:
        return next(iter(self.voices))

    def find(self, name: str | None) -> Speaker:
        """Return the voice of a name, an alias, or ``voice:speaker``; None is the first.

        Raises UnknownVoiceError.
        """
        wanted = self.default if name is None else self.aliases.get(name, name)
        if wanted in self.voices:
            return Speaker(self.voices[wanted], None)
        voice, _, speaker = wanted.rpartition(":")
        if voice in self.voices and speaker in self.voices[voice].facts.speakers:
            return Speaker(self.voices[voice], speaker)
        known = ", ".join([*self.voices, *self.aliases])
        raise UnknownVoiceError(f"voice={name!r} is unknown; choose from {known}")

    def describe(self) -> list[dict[str, object]]:
        """Return what clients choose from, as plain data."""
        return [
            {
                "id": name,
                "object": "voice",
                "name": name,
                "speakers": list(voice.facts.speakers),
                "languages": list(voice.facts.languages),
                "speaker_languages": [
                    voice.facts.languages[number] for number in voice.facts.speaker_languages
                ],
                "reference": voice.model.reference,
                "controls": sorted(voice.model.controls),
                "sample_rate": voice.sample_rate,
                "aliases": [alias for alias, known in self.aliases.items() if known == name],
            }
            for name, voice in self.voices.items()
        ]


def load_voices(paths: Sequence[str], loading: Loading) -> dict[str, Synthesizer]:
    """Load voices by the names of their folders: those of the project by name, others by path.

    Raises UserError for a voice that is not there, is damaged, or has another's name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        place = Path(path)
        if len(place.parts) == 1 and not place.exists():
            place = VOICES / path
            if not place.is_dir():
                own = ", ".join(sorted(p.parent.name for p in VOICES.glob("*/voice.json")))
                raise UserError(
                    f"voices={path}: there is no such voice or folder; the project has {own}"
                )
        if is_onnx(place):
            raise UserError(
                f"voices={path}: a server streams pieces of a sentence, a voice in ONNX cannot: "
                "give the run or the voice's folder that it was exported from"
            )
        name = place.resolve().name
        if name in found:
            raise UserError(f"voices: {found[name]} and {place} have the same name")
        found[name] = place
    return {
        name: Synthesizer.load(
            place, loading.device, loading.vocoder, loading.phonemizer, loading.trust,
            loading.precision,
        )
        for name, place in found.items()
    }  # fmt: skip
