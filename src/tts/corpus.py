"""Corpus facts: symbol table, speakers, languages and statistics that travel with a model."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Literal

from tts.contract import CodecContract, Contract, MelContract, require_same_codec
from tts.errors import UserError, listed
from tts.plain_data import PlainData, PlainDataError, quoted
from tts.typed_data import from_plain


@dataclass(frozen=True)
class SpeakerStatistics:
    """One speaker's prosody: log-F0 over voiced frames and log energy over all kept frames."""

    pitch_mean: float  # mean of ln(F0 / Hz) over voiced frames
    pitch_std: float
    energy_mean: float  # mean of Batch.energy
    energy_std: float
    seconds: float  # of speech that was kept


@dataclass(frozen=True)
class CorpusFacts:
    """Symbol table, speakers, languages, mel contract and statistics of a prepared corpus."""

    contract: MelContract
    symbols: tuple[str, ...]  # index = token id; 0 is padding
    speakers: tuple[str, ...]  # index = Batch.speaker
    languages: tuple[str, ...]  # index = Batch.language, espeak codes
    statistics: tuple[SpeakerStatistics, ...]  # one per speaker
    speaker_languages: tuple[int, ...]  # one per speaker, index into ``languages``
    mel_mean: float  # over all frames and bands
    mel_std: float
    has_durations: bool = False  # every utterance has durations from an external aligner
    codec: CodecContract | None = None  # of the codes, where there are codes as well as mels
    # symbols that the training data have, of those in ``symbols``; None: not recorded
    trained_symbols: tuple[str, ...] | None = None

    def untrained(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Return the symbols that the training data do not have, each once; none if unknown."""
        if self.trained_symbols is None:
            return ()
        return tuple(dict.fromkeys(s for s in symbols if s not in self.trained_symbols))

    def to_dict(self) -> PlainData:
        """Return plain lists, numbers and strings, for JSON and ``weights_only`` checkpoints."""
        values = asdict(self) | {
            "contract": self.contract.to_dict(),
            "codec": self.codec and self.codec.to_dict(),
        }
        return {key: list(v) if isinstance(v, tuple) else v for key, v in values.items()}

    @classmethod
    def from_dict(cls, values: PlainData, where: str = "facts") -> "CorpusFacts":
        """Rebuild what :meth:`to_dict` returned; ``where`` names the values in a message.

        Raises PlainDataError naming a field that is missing, ill-typed or contradicts another.
        """
        if not isinstance(values, dict):
            raise PlainDataError(f"{where}: expected a section, not {quoted(values)}")
        codec = values.get("codec")
        contracts = {
            "contract": MelContract.from_dict(values.get("contract", {}), f"{where}.contract"),
            "codec": None if codec is None else CodecContract.from_dict(codec, f"{where}.codec"),
        }
        facts = from_plain(cls, values | contracts, where)
        for name in ("symbols", "speakers", "languages"):
            listed = getattr(facts, name)
            if not listed or len(set(listed)) < len(listed):
                raise PlainDataError(f"{where}.{name}: expected a list without repetitions")
        for name in ("statistics", "speaker_languages"):
            if len(getattr(facts, name)) != len(facts.speakers):
                raise PlainDataError(f"{where}.{name}: expected one for each of the speakers")
        if not all(0 <= index < len(facts.languages) for index in facts.speaker_languages):
            raise PlainDataError(f"{where}.speaker_languages: expected indices of languages")
        return facts

    def contract_of(self, features: Literal["mel", "codes"]) -> Contract:
        """Return the contract of a model's features. Raises UserError for codes without a codec."""
        if features == "mel":
            return self.contract
        if self.codec is None:
            raise UserError(
                "a model of codes needs the codec that makes them: set data.codec to the folder of "
                "a codec's voice or run"
            )
        return self.codec

    def speaker_index(self, name: str | None) -> int:
        """Return a speaker's index; None is the first. Raises UserError listing the known names."""
        if name is None:
            return 0
        if name not in self.speakers:
            raise UserError(f"speaker={name!r} is unknown; choose from {listed(self.speakers)}")
        return self.speakers.index(name)


def merge_facts(parts: list[CorpusFacts]) -> CorpusFacts:
    """Merge the facts of several prepared corpora for one training.

    Statistics of a speaker who appears in two corpora are pooled, weighted by seconds. Raises
    ContractError or UserError when their mels or symbol tables differ.
    """
    first = parts[0]
    speakers: dict[str, tuple[SpeakerStatistics, str]] = {}
    languages: list[str] = []
    for part in parts:
        label = f"the corpus of {listed(part.speakers)}"
        first.contract.require(part.contract, "the first corpus", label)
        require_same_codec(first.codec, part.codec, "the first corpus", label)
        if part.symbols != first.symbols:
            raise UserError(
                f"corpora of {first.speakers} and {part.speakers}: their symbol tables differ; "
                "prepare both with the same frontend"
            )
        languages += [name for name in part.languages if name not in languages]
        for name, stats, language in zip(
            part.speakers, part.statistics, part.speaker_languages, strict=True
        ):
            if name in speakers:
                stats = _pool(speakers[name][0], stats)
            speakers[name] = (stats, part.languages[language])
    total = [sum(s.seconds for s in part.statistics) for part in parts]
    weights = [seconds / max(sum(total), 1e-9) for seconds in total]
    mean = sum(w * p.mel_mean for w, p in zip(weights, parts, strict=True))
    square = sum(w * (p.mel_std**2 + p.mel_mean**2) for w, p in zip(weights, parts, strict=True))
    return replace(
        first,
        speakers=tuple(speakers),
        languages=tuple(languages),
        statistics=tuple(stats for stats, _ in speakers.values()),
        speaker_languages=tuple(languages.index(name) for _, name in speakers.values()),
        mel_mean=mean,
        mel_std=max(square - mean**2, 1e-12) ** 0.5,
        has_durations=all(part.has_durations for part in parts),
        trained_symbols=joined_symbols(*(part.trained_symbols for part in parts)),
    )


def joined_symbols(*parts: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the symbols of all parts, each once; None where those of a part are unknown."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return tuple(dict.fromkeys(symbol for part in known for symbol in part))


def _pool(a: SpeakerStatistics, b: SpeakerStatistics) -> SpeakerStatistics:
    seconds = a.seconds + b.seconds
    wa, wb = a.seconds / max(seconds, 1e-9), b.seconds / max(seconds, 1e-9)

    def pooled(mean_a: float, std_a: float, mean_b: float, std_b: float) -> tuple[float, float]:
        mean = wa * mean_a + wb * mean_b
        square = wa * (std_a**2 + mean_a**2) + wb * (std_b**2 + mean_b**2)
        return mean, max(square - mean**2, 1e-12) ** 0.5

    pitch = pooled(a.pitch_mean, a.pitch_std, b.pitch_mean, b.pitch_std)
    energy = pooled(a.energy_mean, a.energy_std, b.energy_mean, b.energy_std)
    return SpeakerStatistics(*pitch, *energy, seconds)
