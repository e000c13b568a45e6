"""Checks of a full corpus: duplicates, speaking-rate outliers, splits, and the report."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from tts.data.manifest import Row
from tts.data.prepare_settings import PrepareSettings
from tts.errors import UserError
from tts.plain_data import PlainData

MIN_UTTERANCES = 20  # below that the median speaking rate is not reliable


class DoctorError(UserError):
    """Too little of the corpus is usable; the message gives the problems of the rest."""


def examine(rows: list[Row], fingerprints: list[str | None], settings: PrepareSettings) -> None:
    """Drop duplicates and outliers, note repeated texts, assign the splits; in place.

    ``fingerprints``: of each row's samples, where they are kept.
    """
    _drop_duplicates(rows, fingerprints)
    _drop_rate_outliers(rows, settings.max_outlier)
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
    """Return the words of a row's text without case and punctuation, to compare texts.

    An utterance without a text returns its id, so that it equals no other.
    """
    words = "".join(c for c in row.normalized.casefold() if c.isalnum() or c.isspace()).strip()
    return words or row.id


def validation_texts(texts: list[str], settings: PrepareSettings) -> set[str]:
    """Choose the texts held out for validation by a hash of each text alone.

    A text keeps its split when other texts are added or removed, and all takes of a text are in
    one split.
    """
    count = min(round(settings.validation_share * len(texts)), settings.validation_max)
    if settings.validation_share > 0 and len(texts) > 1:
        count = max(count, 1)

    def rank(text: str) -> str:
        return hashlib.sha256(f"{settings.seed}|{text}".encode()).hexdigest()

    return set(sorted(texts, key=rank)[:count])


def _drop_duplicates(rows: list[Row], fingerprints: list[str | None]) -> None:
    ids: set[str] = set()
    audio: dict[str | None, Row] = {}
    for row, fingerprint in zip(rows, fingerprints, strict=True):
        if row.id in ids:
            _drop(row, "duplicate id, an earlier row has the same: give each row its own id")
            continue
        ids.add(row.id)
        if not row.kept:
            continue
        if (first := audio.setdefault(fingerprint, row)) is not row:
            _drop(row, f"duplicate audio, the same samples as {first.id}: remove one of the two")


def _drop_rate_outliers(rows: list[Row], limit: float) -> None:
    """Drop rows whose characters per second are far from the corpus's median."""
    kept = [row for row in rows if row.kept and row.normalized]
    if len(kept) < MIN_UTTERANCES:
        return
    # on a logarithmic scale twice as fast is as far from the median as twice as slow
    log_rate = np.log([len(row.normalized) / row.seconds for row in kept])
    median = np.median(log_rate)
    # 1.4826 times the median absolute deviation is a normal distribution's standard deviation
    deviation = max(1.4826 * float(np.median(np.abs(log_rate - median))), 0.05)
    for row, value in zip(kept, log_rate, strict=True):
        if abs(value - median) > limit * deviation:
            _drop(
                row,
                f"unusual speaking rate, {np.exp(value):.1f} characters per second where the "
                f"median is {np.exp(median):.1f}: check that text and audio match, or raise "
                f"data.prepare.max_outlier={limit:g}",
            )


def _drop(row: Row, reason: str) -> None:
    row.kept, row.reason = False, reason


def summarize(rows: list[Row]) -> PlainData:
    """Count utterances and minutes, kept and dropped, by reason, speaker, language and split."""
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
        "dropped_by_reason": dict(Counter(reason_class(row) for row in dropped).most_common()),
    }


def reason_class(row: Row) -> str:
    """Return the part of a reason that other rows share: up to the first comma, colon or bracket.

    The audio file's name before it is left out.
    """
    reason = row.reason or ""
    if row.source is not None:
        reason = reason.removeprefix(f"{row.source}: ")
    return reason.split(",")[0].split(":")[0].split(" (")[0].strip()


def report(name: str, rows: list[Row], remarks: Sequence[str] = (), shown: int = 20) -> str:
    """Format the summary as text, with the first ``shown`` dropped utterances in full.

    ``remarks``: lines about the full corpus.
    """
    summary = summarize(rows)
    lines = [_kept(name, summary)]
    if len(summary["minutes_by_speaker"]) > 1:
        minutes = summary["minutes_by_speaker"].items()
        lines.append(f"speakers: {', '.join(f'{name} {m:.1f} min' for name, m in minutes)}")
    lines += remarks
    if summary["dropped"]:
        lines.append(f"dropped {summary['dropped']}:")
        counts = summary["dropped_by_reason"].items()
        lines += [f"  {count:5d}  {reason}" for reason, count in counts]
        dropped = [row for row in rows if not row.kept]
        lines += [f"  {row.id}: {row.reason}" for row in dropped[:shown]]
        if len(dropped) > shown:
            lines.append(f"  {len(dropped) - shown} more: manifest.jsonl has the reason of each")
    return "\n".join(lines) + "\n"


def _kept(name: str, summary: PlainData) -> str:
    return (
        f"{name}: kept {summary['kept']} of {summary['utterances']} utterances, "
        f"{summary['minutes']:.1f} minutes "
        f"({summary['train']} for training, {summary['validation']} for validation; "
        f"{summary['texts']} different texts)"
    )


def outcome(name: str, rows: list[Row], report_file: str) -> list[str]:
    """Return what was kept, and what was dropped if anything was: lines for a training's log."""
    summary = summarize(rows)
    lines, counts = [_kept(name, summary)], summary["dropped_by_reason"]
    if counts:
        reasons = "; ".join(f"{count} {reason}" for reason, count in counts.items())
        lines.append(f"{name}: dropped {summary['dropped']} ({reasons}): {report_file}")
    return lines


def require_enough(name: str, rows: list[Row], settings: PrepareSettings, manifest: str) -> None:
    """Raise DoctorError when nothing is left or too much was dropped."""
    summary = summarize(rows)
    reasons = "; ".join(f"{n} x {reason}" for reason, n in summary["dropped_by_reason"].items())
    first = next((f"First: {row.id}: {row.reason}." for row in rows if not row.kept), "")
    if summary["utterances"] == 0:
        raise DoctorError(f"{name}: the corpus has no utterances; check data.root and its files")
    if summary["kept"] == 0:
        raise DoctorError(
            f"{name}: all {summary['utterances']} utterances were dropped ({reasons}). {first} "
            f"The reason of each: {manifest}"
        )
    share = summary["dropped"] / summary["utterances"]
    if share > settings.max_dropped:
        raise DoctorError(
            f"{name}: {100 * share:.0f} % of {summary['utterances']} utterances were dropped "
            f"({reasons}), more than data.prepare.max_dropped={settings.max_dropped}. {first} "
            f"Repair them or raise the limit; the reason of each: {manifest}"
        )
    if summary["train"] == 0:
        raise DoctorError(
            f"{name}: none of {summary['kept']} utterances is left for training, because they "
            "share one text or all are for validation; lower data.prepare.validation_share"
        )
