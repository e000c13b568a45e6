"""Files of timings: JSON, SubRip and WebVTT subtitles, and TextGrids for Praat."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from tts.files import write_bytes
from tts.timings import SentenceTiming, Timing, WordTiming

Piece = SentenceTiming | WordTiming | Timing


def write_timings(sentences: Sequence[SentenceTiming], audio: Path, formats: Sequence[str]) -> None:
    """Write the times of an audio file's sentences next to it, in these of :data:`FORMATS`."""
    for name in formats:
        content = FORMATS[name](sentences)
        write_bytes(audio.with_suffix(SUFFIXES.get(name, f".{name}")), content.encode())


def to_json(sentences: Sequence[SentenceTiming]) -> str:
    """Return sentences, words and phones with start and end in seconds."""
    rows = [
        {
            "text": sentence.text, **_times(sentence),
            **({"rounds": list(sentence.rounds)} if sentence.rounds else {}),
            "words": [
                {
                    "word": word.text, **_times(word),
                    "phones": [_phone(phone) for phone in word.phones],
                }
                for word in sentence.words
            ],
        }
        for sentence in sentences
    ]  # fmt: skip
    return json.dumps({"sentences": rows}, ensure_ascii=False, indent=1) + "\n"


def to_srt(sentences: Sequence[SentenceTiming]) -> str:
    """Return SubRip subtitles, one per sentence."""
    return "\n".join(
        f"{number}\n{_clock(one.start, ',')} --> {_clock(one.end, ',')}\n{_line(one.text)}\n"
        for number, one in enumerate(sentences, 1)
    )


def to_vtt(sentences: Sequence[SentenceTiming]) -> str:
    """Return WebVTT captions, one per sentence."""
    cues = [
        f"{_clock(one.start, '.')} --> {_clock(one.end, '.')}\n{_escaped(_line(one.text))}\n"
        for one in sentences
    ]
    return "\n".join(["WEBVTT\n", *cues])


def to_textgrid(sentences: Sequence[SentenceTiming]) -> str:
    """Return a Praat TextGrid with the tiers sentences, words and phones."""
    words = [word for sentence in sentences for word in sentence.words]
    phones = [phone for word in words for phone in word.phones]
    end = max((sentence.end for sentence in sentences), default=0.0)
    lines = [
        'File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0",
        f"xmax = {end:.6f}", "tiers? <exists>", "size = 3", "item []:",
    ]  # fmt: skip
    tiers: dict[str, Sequence[Piece]] = {"sentences": sentences, "words": words, "phones": phones}
    for number, (name, pieces) in enumerate(tiers.items(), 1):
        intervals = _without_gaps([(one.text, one.start, one.end) for one in pieces], end)
        lines += [
            f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{name}"',
            "        xmin = 0", f"        xmax = {end:.6f}",
            f"        intervals: size = {len(intervals)}",
        ]  # fmt: skip
        for place, (text, first, last) in enumerate(intervals, 1):
            quoted = _line(text).replace('"', '""')
            lines += [
                f"        intervals [{place}]:", f"            xmin = {first:.6f}",
                f"            xmax = {last:.6f}", f'            text = "{quoted}"',
            ]  # fmt: skip
    return "\n".join(lines) + "\n"


FORMATS: dict[str, Callable[[Sequence[SentenceTiming]], str]] = {
    "json": to_json, "srt": to_srt, "vtt": to_vtt, "textgrid": to_textgrid,
}  # fmt: skip
SUFFIXES = {"textgrid": ".TextGrid"}


def _times(piece: Piece) -> dict[str, float]:
    return {"start": round(piece.start, 6), "end": round(piece.end, 6)}


def _phone(phone: Timing) -> dict[str, object]:
    row: dict[str, object] = {"phone": phone.text, **_times(phone)}
    if phone.log_variance is not None:
        row["log_variance"] = round(phone.log_variance, 4)
    return row


def _without_gaps(
    pieces: Sequence[tuple[str, float, float]], end: float
) -> list[tuple[str, float, float]]:
    """Fill silences with empty intervals, as a tier needs; pieces of no length are left out."""
    filled: list[tuple[str, float, float]] = []
    at = 0.0
    for text, first, last in pieces:
        if last <= first:
            continue
        if first > at:
            filled.append(("", at, first))
        filled.append((text, first, last))
        at = last
    if at < end:
        filled.append(("", at, end))
    return filled


def _clock(seconds: float, mark: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{mark}{rest % 1000:03d}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
