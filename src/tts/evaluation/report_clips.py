"""Clips of an evaluation's page: sound, a mel with axes and playhead, recognized words."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from html import escape
from typing import NamedTuple

from tts.evaluation.summary import Report
from tts.evaluation.table import MISSING
from tts.metrics.language_model import split_words

CLIP_MEASURES = ("wer", "dnsmos_p808", "pesq", "mcd")  # shown below each audio clip
SECONDS_BETWEEN_TICKS = (0.1, 0.25, 0.5, 1, 2, 5, 10)


class AudioClip(NamedTuple):
    """Audio and mel of one waveform."""

    audio: str  # data URL of a FLAC file
    image: str  # data URL of the mel as PNG
    seconds: float


Clips = Mapping[tuple[str, str], AudioClip]  # by sentence and system
Frequencies = Sequence[tuple[float, str]]  # share of a mel's height, kHz


def worst_sentences(
    report: Report,
    worst: list[str],
    worst_by: str | None,
    clips: Clips,
    names: Mapping[str, str],
    frequencies: Frequencies,
) -> Iterable[str]:
    """Yield the clips of the sentences ``worst``; ``names``: label -> name of each system."""
    if not worst:
        return
    measures = report["measures"]
    ranking = f" by {escape(measures[worst_by]['label'])}" if worst_by else ""
    yield f"<h2>The {len(worst)} worst sentences of {escape(report['baseline'])}{ranking}</h2>"
    yield "<p class='note help'>Click a spectrogram to play from there.</p>"
    for sentence in worst:
        entries = [s for s in report["sentences"] if s["id"] == sentence]
        yield f"<article id='{escape(sentence)}'>"
        yield f"<p><small>{escape(sentence)} {escape(entries[0]['speaker'])}</small></p>"
        yield f"<p>{escape(entries[0]['text'])}</p>"
        longest = max(clips[sentence, names[entry["system"]]].seconds for entry in entries)
        for entry in entries:
            clip = clips[sentence, names[entry["system"]]]
            shown = {
                measures[name]["label"]: format_number(value, measures[name]["digits"])
                for name, value in entry["values"].items() if name in (worst_by, *CLIP_MEASURES)
            }  # fmt: skip
            numbers = ", ".join(f"{escape(label)} {value}" for label, value in shown.items())
            alt = f"{entry['system']}: mel of {sentence}"
            yield (
                f"<div class=clip><b>{escape(entry['system'])}</b><div>"
                f"<audio controls preload=none src='{clip.audio}'></audio>"
                f"{_spectrogram(clip, longest, alt, frequencies)}"
                f"<p>{mark_errors(entry['text'], entry['transcript'])} <small>{numbers}</small></p>"
                "</div></div>"
            )
        yield "</article>"


def _spectrogram(clip: AudioClip, longest: float, alt: str, frequencies: Frequencies) -> str:
    """Return a mel with its axes, as wide as its share of the ``longest`` clip in seconds."""
    step = next((s for s in SECONDS_BETWEEN_TICKS if longest / s <= 10), SECONDS_BETWEEN_TICKS[-1])
    ticks = [number * step for number in range(int(clip.seconds / step) + 1)]
    marks = "".join(
        f"<i class=x style='left:{100 * t / clip.seconds:.1f}%'>{t:g}{' s' * (t == ticks[-1])}</i>"
        for t in ticks
    )
    marks += "".join(
        f"<i class=y style='bottom:{100 * share:.1f}%'>{label}{' kHz' * (number == 0)}</i>"
        for number, (share, label) in enumerate(reversed(frequencies))
    )
    width = f"calc((100% - 2.2rem) * {clip.seconds / longest:.4f})"
    return (
        f"<div class=spectrogram tabindex=0 data-seconds='{clip.seconds:.4f}' "
        f"style='width:{width}'><img alt='{escape(alt, quote=True)}' src='{clip.image}'>"
        f"{marks}<b></b></div>"
    )


def mark_errors(text: str, transcript: str) -> str:
    """Return the transcript as HTML with the words marked that differ from the text."""
    if not transcript:
        return ""
    expected = split_words(text)
    # some recognizers write punctuation and capitals, and hyphens between words
    recognized = re.sub(r"(?<=\w)-(?=\w)", "- ", transcript).split()
    plain = ["".join(split_words(word)) for word in recognized]
    matcher = SequenceMatcher(None, expected, plain, autojunk=False)
    parts = []
    for operation, i, j, k, n in matcher.get_opcodes():
        shown, correct = escape(" ".join(recognized[k:n])), escape(" ".join(expected[i:j]))
        if operation == "equal":
            parts.append(shown)
        else:
            title = f"expected: {correct}" if correct else "not in the text"
            parts.append(f"<mark title='{title}'>{shown or '[missing]'}</mark>")
    return f"<small>recognized:</small> {' '.join(parts)}"


def format_number(value: float, digits: int) -> str:
    """Return a number with ``digits`` decimals; a dash for NaN."""
    return f"{value:.{digits}f}" if math.isfinite(value) else MISSING
