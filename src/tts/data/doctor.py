"""What only the whole corpus shows: doubles, odd paces, too much lost; and the report."""

import hashlib
from collections import Counter, defaultdict
from typing import Any

import numpy as np

from tts.data.prepare_settings import PrepareSettings
from tts.data.store import Row
from tts.errors import UserError

ENOUGH = 20  # utterances before a pace can be called odd


class DoctorError(UserError):
    """Too little of the corpus is usable; the message says what was wrong with the rest."""


def examine(rows: list[Row], fingerprints: list[str], settings: PrepareSettings) -> None:
    """Drop doubles and odd paces, note repeated texts, deal out the splits; in place."""
    _drop_doubles(rows, fingerprints)
    _drop_odd_paces(rows, settings.max_outlier)
    by_text = defaultdict(list)
    for row in rows:
        if row.kept:
            by_text[text_key(row)].append(row)
    validation = validation_texts(list(by_text), settings)
    for text, takes in by_text.items():
        for row in takes:
            row.split = "validation" if text in validation else "train"
            if len(takes) > 1:
                row.notes = f"one of {len(takes)} takes of its text"


def text_key(row: Row) -> str:
    """What makes two texts the same: the words, whatever their case and punctuation.

    An utterance without a text stands for itself.
    """
    words = "".join(c for c in row.normalized.casefold() if c.isalnum() or c.isspace()).strip()
    return words or row.id


def validation_texts(texts: list[str], settings: PrepareSettings) -> set[str]:
    """Texts held out, chosen by a hash of each text alone.

    So a text keeps its side when others come and go, and all takes of it stay together.
    """
    count = min(round(settings.validation_share * len(texts)), settings.validation_max)
    if settings.validation_share > 0 and len(texts) > 1:
        count = max(count, 1)

    def draw(text: str) -> str:
        return hashlib.sha256(f"{settings.seed}|{text}".encode()).hexdigest()

    return set(sorted(texts, key=draw)[:count])


def _drop_doubles(rows: list[Row], fingerprints: list[str]) -> None:
    ids: dict[str, Row] = {}
    audio: dict[str, Row] = {}
    for row, fingerprint in zip(rows, fingerprints, strict=True):
        if row.id in ids:
            _drop(row, f"duplicate id, {row.id} stands above")
            continue
        ids[row.id] = row
        if not row.kept:
            continue
        if (first := audio.setdefault(fingerprint, row)) is not row:
            _drop(row, f"duplicate audio, the same samples as {first.id}")


def _drop_odd_paces(rows: list[Row], limit: float) -> None:
    """Characters per second far from the corpus's median: the text does not fit the audio."""
    kept = [row for row in rows if row.kept and row.normalized]
    if len(kept) < ENOUGH:
        return
    # the logarithm makes twice as fast as odd as twice as slow
    pace = np.log([len(row.normalized) / row.seconds for row in kept])
    middle = np.median(pace)
    # 1.4826 times the median deviation is a normal law's standard deviation
    spread = max(1.4826 * float(np.median(np.abs(pace - middle))), 0.05)
    for row, value in zip(kept, pace, strict=True):
        if abs(value - middle) > limit * spread:
            _drop(
                row,
                f"odd pace, {np.exp(value):.1f} characters per second where the median is "
                f"{np.exp(middle):.1f}: text and audio may not match",
            )


def _drop(row: Row, reason: str) -> None:
    row.kept, row.reason = False, reason


def summarize(rows: list[Row]) -> dict[str, Any]:
    """Counts and hours, kept and dropped, by reason, speaker, language and split."""
    kept = [row for row in rows if row.kept]
    dropped = [row for row in rows if not row.kept]
    seconds: dict[str, float] = defaultdict(float)
    for row in kept:
        seconds[row.speaker] += row.seconds
    return {
        "utterances": len(rows),
        "kept": len(kept),
        "dropped": len(dropped),
        "minutes": round(sum(row.seconds for row in kept) / 60, 2),
        "minutes_by_speaker": {k: round(v / 60, 2) for k, v in sorted(seconds.items())},
        "languages": sorted({row.language for row in kept}),
        "train": sum(row.split == "train" for row in kept),
        "validation": sum(row.split == "validation" for row in kept),
        "texts": len({text_key(row) for row in kept if row.normalized}),
        "timed": sum(row.timed for row in kept),
        "dropped_by_reason": dict(Counter(kind(row) for row in dropped).most_common()),
    }


def kind(row: Row) -> str:
    """The reason without its particulars: what stands before the first comma or colon."""
    reason = row.reason or ""
    if row.source is not None:
        reason = reason.removeprefix(f"{row.source}: ")
    return reason.split(",")[0].split(":")[0].split(" (")[0].strip()


def report(name: str, rows: list[Row], shown: int = 20) -> str:
    """The summary as text, with the first ``shown`` dropped utterances in full."""
    facts = summarize(rows)
    lines = [
        f"{name}: kept {facts['kept']} of {facts['utterances']} utterances, "
        f"{facts['minutes']:.1f} minutes "
        f"({facts['train']} to train, {facts['validation']} to validate; "
        f"{facts['texts']} different texts)"
    ]
    if len(facts["minutes_by_speaker"]) > 1:
        speakers = ", ".join(f"{k} {v:.1f} min" for k, v in facts["minutes_by_speaker"].items())
        lines.append(f"speakers: {speakers}")
    if facts["dropped"]:
        lines.append(f"dropped {facts['dropped']}:")
        lines += [f"  {count:5d}  {reason}" for reason, count in facts["dropped_by_reason"].items()]
        dropped = [row for row in rows if not row.kept]
        lines += [f"  {row.id}: {row.reason}" for row in dropped[:shown]]
        if len(dropped) > shown:
            lines.append(
                f"  and {len(dropped) - shown} more, each with its reason in manifest.jsonl"
            )
    return "\n".join(lines) + "\n"


def require_enough(name: str, rows: list[Row], settings: PrepareSettings, where: str) -> None:
    """Raise DoctorError when nothing is left or too much went."""
    facts = summarize(rows)
    reasons = "; ".join(f"{v} x {k}" for k, v in facts["dropped_by_reason"].items())
    first = next((f" First: {row.id}: {row.reason}." for row in rows if not row.kept), "")
    if facts["utterances"] == 0:
        raise DoctorError(f"{name}: the corpus holds no utterances")
    if facts["kept"] == 0:
        raise DoctorError(f"{name}: nothing is left of {facts['utterances']} ({reasons}).{first}")
    share = facts["dropped"] / facts["utterances"]
    if share > settings.max_dropped:
        raise DoctorError(
            f"{name}: {100 * share:.0f} % of {facts['utterances']} utterances were dropped, more "
            f"than data.prepare.max_dropped={settings.max_dropped} allows ({reasons}).{first} "
            f"Each with its reason: {where}"
        )
    if facts["train"] == 0:
        raise DoctorError(
            f"{name}: all {facts['kept']} utterances share one text or went to validation; "
            "lower data.prepare.validation_share"
        )
