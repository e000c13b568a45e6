"""espeak-ng bindings by ctypes: text to phones, and text to audio with phone timings.

The library and its data come from the PyPI package ``espeakng-loader``. It is GPL-3;
no other module calls it, so that another phonemizer can replace it.
"""

import atexit
import contextlib
import ctypes
import functools
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

# speak_lib.h
_SYNCHRONOUS = 2  # audio goes to the callback, before the call returns
_PHONEME_EVENTS, _PHONEME_IPA, _DONT_EXIT = 1, 2, 1 << 15
_UTF8 = 1
_IPA = 2
_EVENT_END_OF_LIST, _EVENT_PHONEME = 0, 7
_RATE, _VOLUME = 1, 2
_SAFE_VOLUME = 80  # of 100; a higher volume can clip
_MAX_PATH = 120  # bytes; espeak-ng truncates longer data paths


# the letter A, which espeak-ng would read as the article; never at the start before a small letter
# ("A man"), unless the next word cannot follow an article ("A is")
_LETTER_A = re.compile(
    r"(?<![\w'-])(?:(?<=[\w,-] )|(?=A[^\w' ]|A$|A [A-Z]\b|A(?:'s)? "
    r"(?:is|was|and|or|to|has|in|of|for|on|but|are|minus|plus|through|stands|comes|can|will)\b))"
    r"A(?='s?\b|[^\w']|$)"
)


_SETTING = re.compile(r"^(dictionary|language)\s+(\S+)", re.MULTILINE)  # of a voice's file


_LOADING = threading.Lock()
_shared: "Espeak | None" = None


class Phone(NamedTuple):
    """A phone by espeak-ng's name ("" for a pause), with start and end in seconds."""

    name: str
    start: float
    end: float


class Speech(NamedTuple):
    samples: np.ndarray  # (S,) float32 in [-1, 1]
    sample_rate: int
    phones: tuple[Phone, ...]  # without gaps, from 0 to the end of the audio


class Language(NamedTuple):
    name: str  # in English
    voice: str  # espeak-ng's identifier, a path in its data


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # (priority byte, zero-terminated code) ..., 0
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Espeak:
    """A loaded library. Its state is global, so a lock serializes the calls."""

    def __init__(self, library: str | Path, data: str | Path):
        self._lock = threading.RLock()
        self._data = Path(data)
        self._library = ctypes.CDLL(str(library))
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._library.espeak_TextToPhonemes.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        self.sample_rate = self._library.espeak_Initialize(
            _SYNCHRONOUS,
            0,
            os.fsencode(data),
            _PHONEME_EVENTS | _PHONEME_IPA | _DONT_EXIT,
        )
        if self.sample_rate <= 0:
            raise RuntimeError(
                f"espeak-ng found no data in {data}: reinstall the package espeakng-loader"
            )
        self._voice: str | None = None
        # the library does not own the callback, so this object must keep it alive
        self._callback = _Callback(self._receive)
        self._library.espeak_SetSynthCallback(self._callback)
        self._audio: list[bytes] = []
        self._events: list[tuple[str, int]] = []

    @functools.cached_property
    def languages(self) -> dict[str, Language]:
        """Language codes, each with its voice of the highest priority."""
        best: dict[str, tuple[int, Language]] = {}
        with self._lock:
            listed = self._library.espeak_ListVoices(None)
            for index in range(10_000):
                if not listed[index]:
                    break
                voice = listed[index].contents
                identifier = os.fsdecode(voice.identifier).replace("\\", "/")
                language = Language(voice.name.decode().strip(), identifier)
                for priority, code in _languages(voice.languages):
                    if code not in best or priority < best[code][0]:
                        best[code] = (priority, language)
        return {code: language for code, (_, language) in sorted(best.items())}

    @functools.cache  # noqa: B019, the library lives as long as the process
    def has_dictionary(self, language: str) -> bool:
        """Return whether the words of a listed language are installed: three have none."""
        voice = self.languages[language].voice
        for folder in (self._data, self._data / "espeak-ng-data"):
            if (file := folder / "lang" / voice).is_file():
                found = _SETTING.findall(file.read_text(encoding="utf-8", errors="replace"))
                settings = dict(reversed(found))  # the first of each name counts
                name = settings.get("dictionary", settings["language"].split("-")[0])
                return (folder / f"{name}_dict").is_file()
        return True

    @functools.cached_property
    def variants(self) -> tuple[str, ...]:
        """Names of the voice variants, such as ``f3``; of an unknown one espeak-ng says nothing."""
        found = [*self._data.glob("voices/!v/*"), *self._data.glob("espeak-ng-data/voices/!v/*")]
        return tuple(sorted(path.name for path in found))

    @functools.cached_property
    def version(self) -> str:
        with self._lock:
            self._library.espeak_Info.restype = ctypes.c_char_p
            return self._library.espeak_Info(None).decode()

    def phones(self, text: str, language: str, separator: str = "") -> str:
        """Return the IPA of ``text``, words separated by spaces and phones by ``separator``.

        espeak-ng drops punctuation and marks a change of language as ``(en)``. Raises KeyError for
        an unknown language.
        """
        mode = _IPA | ord(separator) << 8 if separator else _IPA
        buffer = ctypes.create_string_buffer(_with_letter_names(text, language).encode())
        position = ctypes.c_void_p(ctypes.addressof(buffer))
        clauses = []
        with self._lock:
            self._use(self.languages[language].voice)
            while position.value:  # one clause per call; NULL at the end
                clause = self._library.espeak_TextToPhonemes(ctypes.byref(position), _UTF8, mode)
                clauses.append(clause.decode(errors="replace"))
        return " ".join(clauses)

    def synthesize(self, text: str, language: str, variant: str = "", rate: int = 175) -> Speech:
        """Synthesize ``text`` with a voice variant such as ``f3`` at ``rate`` words per minute."""
        content = _with_letter_names(text, language).encode() + b"\0"
        with self._lock:
            self._use(self.languages[language].voice + (f"+{variant}" if variant else ""))
            self._library.espeak_SetParameter(_RATE, rate, 0)
            self._library.espeak_SetParameter(_VOLUME, _SAFE_VOLUME, 0)
            self._library.espeak_ng_SetRandSeed(0)  # else the clock seeds its noise
            self._audio, self._events = [], []
            failed = self._library.espeak_Synth(
                content, ctypes.c_size_t(len(content)), 0, 1, 0, _UTF8, None, None
            )
            if failed:
                raise RuntimeError(
                    f"espeak-ng failed to synthesize {text[:60]!r} (error code {failed})"
                )
            samples = np.frombuffer(b"".join(self._audio), np.int16).astype(np.float32) / 32768
        return Speech(samples, self.sample_rate, _phones(self._events, samples, self.sample_rate))

    def close(self) -> None:
        self._library.espeak_Terminate()

    def _use(self, voice: str) -> None:
        if voice != self._voice:
            if self._library.espeak_SetVoiceByName(voice.encode()):
                raise RuntimeError(f"espeak-ng cannot load its voice {voice!r}")
            self._voice = voice

    def _receive(self, wave, count: int, events) -> int:
        if count > 0:
            self._audio.append(ctypes.string_at(wave, 2 * count))
        index = 0
        while events[index].type != _EVENT_END_OF_LIST:
            if events[index].type == _EVENT_PHONEME:
                name = events[index].id.string.decode(errors="ignore")
                self._events.append((name, events[index].sample))
            index += 1
        return 0


def _phones(
    events: list[tuple[str, int]], samples: np.ndarray, sample_rate: int
) -> tuple[Phone, ...]:
    """Turn events (name, first sample) into phones without gaps.

    espeak-ng writes the closure of a stop, as digital silence, before the event of the stop
    (Generate() in its synthesize.c), so silence between two phones belongs to the second.
    """
    names = ["", *(name for name, _ in events)]
    starts = [0, *(min(sample, len(samples)) for _, sample in events)]
    nonzero = np.flatnonzero(samples)
    ends_of_sound = np.append(nonzero + 1, 0)[np.searchsorted(nonzero, starts) - 1]
    for k in range(1, len(names)):
        if names[k] and names[k - 1]:
            starts[k] = max(int(ends_of_sound[k]), starts[k - 1])
    edges = [start / sample_rate for start in (*starts, len(samples))]
    return tuple(map(Phone, names, edges[:-1], edges[1:]))


def _with_letter_names(text: str, language: str) -> str:
    """Spell the name of the English letter A so that espeak-ng reads it."""
    if "A" not in text or not language.startswith("en"):
        return text
    return _LETTER_A.sub(_letter_a, text)


def _letter_a(match: re.Match[str]) -> str:
    before, after = match.string[: match.start()].split(), match.string[match.end() :].split()
    in_title = (
        before
        and after
        and before[-1][0].isupper()
        and after[0][0].isupper()
        and min(len(before[-1]), len(after[0])) > 1
    )
    return match[0] if in_title else "eigh"


def _languages(address: int) -> Iterator[tuple[int, str]]:
    while (priority := ctypes.string_at(address, 1)[0]) != 0:
        code = ctypes.string_at(address + 1)
        yield priority, os.fsdecode(code)
        address += 2 + len(code)


def shared() -> Espeak:
    """Return the process's shared library, for phones; loaded once in a few milliseconds.

    Threads that ask for it at once wait for the first: two initializations end the process.
    """
    global _shared
    if _shared is None:
        with _LOADING:
            if _shared is None:
                import espeakng_loader

                _shared = Espeak(espeakng_loader.get_library_path(), _short_data_path())
    return _shared


@contextlib.contextmanager
def private() -> Iterator[Espeak]:
    """Load a private copy of the library, for reproducible audio.

    The synthesizer carries phases from one utterance to the next, so samples are reproducible only
    for the same sequence of utterances since loading.
    """
    import espeakng_loader

    source = Path(espeakng_loader.get_library_path()).resolve()
    folder = tempfile.mkdtemp(prefix="tts-espeak-")
    try:
        espeak = Espeak(shutil.copy(source, folder), _short_data_path())
        try:
            yield espeak
        finally:
            espeak.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def _short_data_path() -> str:
    import espeakng_loader

    path = espeakng_loader.get_data_path()
    if len(os.fsencode(path)) <= _MAX_PATH:
        return path
    folder = Path(tempfile.mkdtemp(prefix="tts-espeak-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "data").symlink_to(path, target_is_directory=True)
    return str(folder / "data")
