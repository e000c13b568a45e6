"""Settings of the server, as ``conf/serve.yaml`` documents them."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tts.contract import MelContract
from tts.device import Precision
from tts.text.phonemes import Phonemizer
from tts.vocoders.vocoder import Vocoder


class Limits(NamedTuple):
    """What one request may cost."""

    queue: int  # requests in progress, waiting ones included
    max_characters: int  # of a text
    max_body: int  # bytes
    timeout: float  # seconds of a whole request


class Loading(NamedTuple):
    """How voices are loaded: the arguments of :meth:`tts.synthesizer.Synthesizer.load`."""

    vocoder: Callable[[MelContract], Vocoder]
    phonemizer: Phonemizer | None = None
    device: str = "cpu"
    precision: Precision = "auto"
    trust: Sequence[str] = ()


class ServerSettings(NamedTuple):
    """How the server listens and works."""

    voices: Sequence[str]
    aliases: Mapping[str, str]  # other name -> voice
    host: str
    port: int
    wyoming_port: int | None
    token: str | None
    workers: int
    seed: int
    limits: Limits
    loading: Loading
