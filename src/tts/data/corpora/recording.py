"""Single-recording corpus: one long audio file with a timed transcription."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from tts.bounds import NonNegative, Positive
from tts.data.corpora.source import CorpusError, Source
from tts.data.corpora.transcription import Timed, read_words
from tts.plain_data import PlainData

_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")


class Recording:
    """Utterances cut from ``audio`` at the silences between the words of ``transcription``.

    :mod:`tts.data.corpora.transcription` describes the layouts of the transcription; without one,
    it is the file beside the recording with the same name and ``.json``.

    An utterance ends at the first silence of at least ``min_gap`` seconds after ``target_seconds``,
    or earlier at the end of a sentence, or at its longest silence before it would exceed
    ``max_seconds``. The words' times become durations.
    """

    def __init__(
        self,
        audio: str | Path | None = None,
        transcription: str | Path | None = None,
        speaker: str | None = None,
        language: str = "en-us",
        min_gap: NonNegative = 0.2,
        target_seconds: Positive = 6.0,
        max_seconds: Positive = 14.0,
    ) -> None:
        if audio is None:
            raise CorpusError(
                "data.audio has no value: data=recording needs data.audio=FILE, and "
                "data.transcription=FILE.json where it is not the recording's name with .json"
            )
        self.audio = Path(audio)
        self.transcription = Path(transcription or self.audio.with_suffix(".json"))
        self.name = self.audio.stem
        self.speaker, self.language = speaker or self.name, language
        self.min_gap = min_gap
        self.target_seconds, self.max_seconds = target_seconds, max_seconds
        if not 0 < target_seconds <= max_seconds:
            raise CorpusError(
                f"data.target_seconds={target_seconds} must be above 0 and at most "
                f"data.max_seconds={max_seconds}"
            )

    def sources(self) -> Iterator[Source]:
        words = read_words(self.transcription)
        if not self.audio.is_file():
            raise CorpusError(f"{self.audio}: no such file (data.audio)")
        length = _length(self.audio)
        if words[-1][2] > length + 1.0:
            raise CorpusError(
                f"{self.transcription}: its last word ends at {words[-1][2]:.1f} s, but "
                f"{self.audio} is {length:.1f} s long; give the transcription of this recording"
            )
        pieces = self._cut(words)
        for number, piece in enumerate(pieces):
            # up to half of each gap, at most 0.3 s, stays on either side
            before = words[0][1] if number == 0 else piece[0][1] - pieces[number - 1][-1][2]
            after = (
                length - piece[-1][2]
                if number == len(pieces) - 1
                else pieces[number + 1][0][1] - piece[-1][2]
            )
            start = max(piece[0][1] - min(max(before, 0.0) / 2, 0.3), 0.0)
            stop = min(piece[-1][2] + min(max(after, 0.0) / 2, 0.3), length)
            yield Source(
                id=f"{self.name}-{number:05d}",
                text=" ".join(word for word, _, _ in piece),
                speaker=self.speaker,
                language=self.language,
                audio=self.audio,
                segment=(start, stop),
                timings=tuple((word, a - start, b - start) for word, a, b in piece),
            )

    def fingerprint(self) -> PlainData:
        for path, key in ((self.audio, "audio"), (self.transcription, "transcription")):
            if not path.is_file():
                raise CorpusError(f"{path}: no such file (data.{key})")
        return {
            "format": "recording",
            "audio": self.audio.name,
            "transcription": hashlib.sha256(self.transcription.read_bytes()).hexdigest(),
            "speaker": self.speaker,
            "language": self.language,
            "cut": [self.min_gap, self.target_seconds, self.max_seconds],
        }

    def files(self) -> dict[str, Path]:
        """Return the recording's file."""
        return {self.audio.name: self.audio}

    def _cut(self, words: list[Timed]) -> list[list[Timed]]:
        pieces: list[list[Timed]] = []
        piece: list[Timed] = []
        for index, word in enumerate(words):
            piece.append(word)
            if index == len(words) - 1:
                break
            gap = words[index + 1][1] - word[2]
            seconds = word[2] - piece[0][1]
            ended = word[0].rstrip("\"'”’)").endswith(_SENTENCE_ENDS) and seconds >= 1.0
            if gap >= self.min_gap and (ended or seconds >= self.target_seconds):
                pieces.append(piece)
                piece = []
            elif words[index + 1][2] - piece[0][1] > self.max_seconds and len(piece) > 1:
                gaps = [
                    b[1] - a[2] for a, b in zip(piece, [*piece[1:], words[index + 1]], strict=True)
                ]
                place = max(range(len(gaps)), key=gaps.__getitem__) + 1
                pieces.append(piece[:place])
                piece = piece[place:]
        if piece:
            pieces.append(piece)
        return pieces


def _length(path: Path) -> float:
    import soundfile

    try:
        return soundfile.info(path).duration
    except soundfile.LibsndfileError as error:
        raise CorpusError(f"{path}: not audio or damaged ({error.error_string.strip()})") from error
