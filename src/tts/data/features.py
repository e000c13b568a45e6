"""Features of one utterance: tokens and durations from its text, acoustics from its recording."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from tts.audio.io import AudioError
from tts.contract import MelContract
from tts.data.acoustics import Acoustics, Dropped, extract_acoustics, require_usable
from tts.data.corpora.source import Source
from tts.data.manifest import Row
from tts.data.prepare_settings import PrepareSettings
from tts.data.timing import ends_from_words, frames_from_ends
from tts.plain_data import PlainData
from tts.text.clean import unified
from tts.text.frontend import Frontend, TextError
from tts.text.reading import read_text
from tts.text.scripts import keep_readable


class Recipe(NamedTuple):
    """What shapes the features of every utterance."""

    frontend: Frontend
    contract: MelContract
    settings: PrepareSettings

    def to_dict(self) -> PlainData:
        """Return plain data that changes whenever the features would change."""
        return {
            "frontend": self.frontend.to_dict(),
            "contract": self.contract.to_dict(),
            "settings": asdict(self.settings),
        }


@dataclass
class Utterance:
    """A row and, while it is kept, its features and what its recording is like."""

    row: Row
    key: str | None = None  # of the acoustics
    acoustics: Acoustics | None = None
    features: dict[str, Tensor] = field(default_factory=dict)


def extract(
    source: Source, recipe: Recipe, key: str | None = None, known: Acoustics | None = None
) -> Utterance:
    """Extract the features of one utterance; never raises for bad data, see ``row.reason``.

    ``known``: the acoustics of ``key``, where they were extracted before.
    """
    row = Row(
        id=source.id, text=source.text, normalized="", phonemes="", speaker=source.speaker,
        language=source.language, seconds=0.0, frames=0, tokens=0, kept=False, reason=None,
        split=None, shard=None, source=None if source.audio is None else str(source.audio),
    )  # fmt: skip
    utterance = Utterance(row, key)
    try:
        phonemes = _add_tokens(utterance, source, recipe.frontend)
        found = known or extract_acoustics(source, recipe.contract, recipe.settings)
        _add_acoustics(utterance, found, recipe)
        _add_durations(utterance, source, recipe, phonemes, found.start)
        row.kept = True
    except TextError as error:
        row.reason = f"unusable text, {error}"
    except (Dropped, AudioError) as error:
        row.reason = str(error)
    if not row.kept:
        utterance.features, utterance.acoustics = {}, None
    return utterance


def _add_tokens(utterance: Utterance, source: Source, frontend: Frontend) -> str:
    """Add the tokens, and return the symbols that they index."""
    row = utterance.row
    if source.phonemes is not None:
        row.normalized, phonemes = source.normalized or source.text, source.phonemes
        unknown = sorted({symbol for symbol in source.phonemes if symbol not in frontend.table})
    else:
        read = read_text(frontend, source.normalized or source.text, source.language)
        row.normalized, phonemes = read.normalized, read.phonemes
        unknown = list(read.unknown)
    row.phonemes = frontend.table.written(phonemes)
    if unknown:
        raise Dropped(_unknown_symbols(unknown, source, frontend))
    tokens = torch.tensor(frontend.tokens(phonemes), dtype=torch.int16)
    row.tokens = len(tokens)
    utterance.features["tokens"] = tokens
    return phonemes


def _unknown_symbols(unknown: list[str], source: Source, frontend: Frontend) -> str:
    """Return why an utterance with ``unknown`` symbols is dropped, and what to do."""
    shown = " ".join(map(repr, unknown[:8]))
    if source.phonemes is not None:
        return (
            f"unknown symbols, the phonemes that its corpus gives have {shown}, which are not in "
            "the table of the front end: choose one of phonemes, frontend=espeak"
        )
    size = getattr(frontend.phonemizer, "vocab_size", None)
    if size is not None and any(symbol.isalpha() for symbol in unknown):
        return (
            f"unknown symbols, its text has {shown}, which are not among the {size} symbols of the "
            "table: raise frontend.phonemizer.vocab_size"
        )
    if lacking := _lacking(unknown, source.language, frontend):
        return (
            f"unknown symbols, its text has {shown}, and the table of the front end lacks "
            f"{' '.join(map(repr, lacking[:8]))}: add them to frontend.symbols, or leave them out "
            "in frontend.phonemizer"
        )
    return f"unknown symbols, its text has {shown}, which cannot be spoken: replace them by words"


def _lacking(unknown: list[str], language: str, frontend: Frontend) -> list[str]:
    """Return the symbols that a front end of the user's own gives and its table does not have."""
    if type(frontend.phonemizer).__module__.startswith("tts."):
        return []
    marks = filter(None, dict.fromkeys(map(unified, unknown)))  # as the phonemizer gets them
    scripts = frontend.scripts(language)
    return [m for m in marks if m not in frontend.table and not keep_readable(m, scripts)[1]]


def _add_acoustics(utterance: Utterance, found: Acoustics, recipe: Recipe) -> None:
    row, contract = utterance.row, recipe.contract
    require_usable(found.seconds, found.clipped, recipe.settings)
    row.bandwidth = found.bandwidth
    row.frames = len(found.features["mel"])
    row.seconds = round(contract.seconds(row.frames), 4)
    if row.frames < row.tokens:
        raise Dropped(
            f"too fast, {row.tokens} symbols in {row.frames} frames: check that the audio holds "
            "all of the text"
        )
    utterance.acoustics = found
    utterance.features |= found.features


def _add_durations(
    utterance: Utterance, source: Source, recipe: Recipe, phonemes: str, offset: float
) -> None:
    """Add durations where the corpus gives times; ``offset``: seconds trimmed off the front."""
    ends = _token_ends(source, recipe.frontend, phonemes, utterance.row.seconds, offset)
    if ends is None:
        return
    durations = frames_from_ends(ends, utterance.row.frames, recipe.contract.seconds(1))
    utterance.features["durations"] = torch.from_numpy(durations).to(torch.int32)
    utterance.row.timed = True


def _token_ends(
    source: Source, frontend: Frontend, phonemes: str, seconds: float, offset: float
) -> list[float] | None:
    """Return the end of each token in seconds after trimming, or None without times."""
    if source.phoneme_ends is not None:
        return [max(end - offset, 0.0) for end in source.phoneme_ends]
    if source.timings is None:
        return None
    words = [(w, max(a - offset, 0.0), max(b - offset, 0.0)) for w, a, b in source.timings]

    def phonemize(word: str) -> str:
        try:
            return read_text(frontend, word, source.language).phonemes
        except TextError:  # for example a dash between spaces
            return ""

    return ends_from_words(phonemes, words, seconds, phonemize)


def utterance_state(utterance: Utterance) -> Mapping[str, object]:
    """Return as plain data what the last step of preparing and later preparations need.

    The key comes first: :mod:`tts.data.reuse` finds it without parsing the line.
    """
    found = utterance.acoustics
    state = None
    if found is not None:
        state = {key: value for key, value in vars(found).items() if key != "features"}
        state["sums"] = vars(found.sums)
    return {"key": utterance.key, "row": vars(utterance.row), "acoustics": state}
