"""Tables of cloning scores, on the terminal and in the page of an evaluation."""

from collections.abc import Iterable

from rich.console import Console

from tts.console_tables import Column, print_table
from tts.evaluation.cloning_scores import CloningScores, SystemScores, VoiceScores
from tts.evaluation.table import format_estimate
from tts.metrics.bootstrap import Estimate
from tts.metrics.speaker_encoders import LABELS

ALL = "all speakers"
EXPLANATION = (
    "Similarity of clones to other recordings of the speaker. Floor: of recordings of two "
    "speakers; ceiling: of two recordings of the speaker; share: where the clone lies from "
    "floor (0 %) to ceiling (100 %). F0: mean in semitones from the reference, its absolute "
    "value over all. 95 % intervals; of all speakers by a bootstrap over speakers."
)


def cloning_headings(cloning: CloningScores) -> list[str]:
    """Return the columns of :func:`cloning_rows`."""
    found = ["speaker", "sentences", "reference, s"]
    for name in cloning["encoders"]:
        label = LABELS.get(name, name)
        found += [f"{label} clone", "floor", "ceiling", f"{label} share, %"]
    return [*found, "F0, st"]


def cloning_rows(cloning: CloningScores, system: SystemScores) -> Iterable[list[str]]:
    """Yield a row of texts for all speakers together and for each of them."""
    for name, voice in ((ALL, system["overall"]), *system["speakers"].items()):
        yield [name, *_cells(voice, list(cloning["encoders"]))]


def _cells(voice: VoiceScores, encoders: list[str]) -> list[str]:
    cells = [str(voice["sentences"]), f"{voice['reference_seconds']:.1f}"]
    for name in encoders:
        scores = voice["encoders"][name]
        cells += [
            _shown(scores["clone"], 2), f"{scores['floor'].value:.2f}",
            f"{scores['ceiling'].value:.2f}", _shown(scores["share"], 0),
        ]  # fmt: skip
    return [*cells, _shown(voice["f0_difference"], 1)]


def _shown(value: Estimate, digits: int) -> str:
    """Return an estimate; without its interval, which one sentence does not have."""
    return format_estimate(value, digits) if value.low < value.high else f"{value.value:.{digits}f}"


def print_cloning(out: Console, cloning: CloningScores, baseline: str) -> None:
    """Print the systems over all speakers, and the speakers of ``baseline``."""
    headings = cloning_headings(cloning)
    systems = cloning["systems"]
    together = [
        [name, *next(iter(cloning_rows(cloning, system)))[1:]] for name, system in systems.items()
    ]
    _print(out, "cloning", ["system", *headings[1:]], together)
    _print(out, f"cloning: {baseline}", headings, list(cloning_rows(cloning, systems[baseline])))
    out.print(EXPLANATION)


def _print(out: Console, title: str, headings: list[str], rows: list[list[str]]) -> None:
    columns = list(zip(*rows, strict=True))
    print_table(
        out,
        title,
        Column(headings[0], columns[0], right=False),
        [Column(each, cells) for each, cells in zip(headings[1:], columns[1:], strict=True)],
    )
