"""Feature contracts: the mel or codec settings that two parts must share to work together.

Prepared corpora, runs, voices and vocoders carry one, so a mismatch is an error that names the
field instead of noise in the output.
"""

from dataclasses import asdict, dataclass
from typing import Annotated, ClassVar, Literal, Self

from tts.bounds import Bound, Channels, Count, NonNegative, Positive, SampleRate, Window
from tts.errors import UserError
from tts.plain_data import PlainData, PlainDataError, quoted
from tts.typed_data import from_plain

# far above any use; a contract from elsewhere must not ask for a filter bank of terabytes
LARGEST = {
    "sample_rate": 768_000, "hop": 2**17, "n_fft": 2**17, "window": 2**17, "bands": 4096,
    "codebooks": 1024, "codebook_size": 2**20, "power": 8,
}  # fmt: skip


SET_CODEC = "Set data.codec to the codec that the model was trained with"
SET_MEL = "Set audio.NAME of these to the values that the model was trained with."


class ContractError(UserError):
    """Two parts use different features, or a contract is impossible."""


@dataclass(frozen=True)
class Contract:
    """Settings of frame-wise features: :class:`MelContract` or :class:`CodecContract`."""

    kind: ClassVar[str]  # stored with the fields, so that plain data names its class

    sample_rate: int  # Hz
    hop: int  # samples per frame

    @property
    def frames_per_second(self) -> float:
        return self.sample_rate / self.hop

    def seconds(self, frames: int) -> float:
        return frames * self.hop / self.sample_rate

    def to_dict(self) -> PlainData:
        """Return plain data, fit for JSON and for a ``weights_only`` checkpoint."""
        return {"kind": self.kind, **asdict(self)}

    @classmethod
    def from_dict(cls, values: PlainData, where: str = "contract") -> Self:
        """Rebuild what :meth:`to_dict` returned; ``Contract.from_dict`` reads any kind.

        ``where`` names the values in a message. Raises :class:`ContractError` naming an unknown
        kind, an impossible value, or a field that is missing, unknown or ill-typed.
        """
        if not isinstance(values, dict):
            raise ContractError(f"{where}: expected a section, not {quoted(values)}")
        kinds = {made.kind: made for made in (MelContract, CodecContract) if issubclass(made, cls)}
        kind = values.get("kind")
        if not isinstance(kind, str) or kind not in kinds:
            raise ContractError(
                f"{where}: kind {quoted(kind)} is not usable here; choose from {', '.join(kinds)}"
            )
        settings = {key: value for key, value in values.items() if key != "kind"}
        for name, value in settings.items():
            most = LARGEST.get(name)
            if most is not None and isinstance(value, int | float) and not 0 <= value <= most:
                raise ContractError(f"{where}.{name}={quoted(value)} must lie in 0..{most}")
        try:
            return from_plain(kinds[kind], settings, where)  # type: ignore[return-value]
        except PlainDataError as error:
            raise ContractError(str(error)) from error

    def require(
        self,
        other: "Contract",
        ours: str,
        theirs: str,
        remedy: str = "Use two parts with the same settings.",
    ) -> None:
        """Raise :class:`ContractError` naming every field in which ``other`` differs.

        ``ours`` and ``theirs`` name the two parts in the message, each with its value; ``remedy``
        is its last sentence.
        """
        if self.kind != other.kind:
            raise ContractError(
                f"{ours} uses {self.kind} features and {theirs} uses {other.kind} features. "
                "Use two parts with the same kind of features."
            )
        mine, others = asdict(self), asdict(other)
        differences = [
            f"{name}: {value} in {ours}, {others[name]} in {theirs}"
            for name, value in mine.items()
            if value != others[name]
        ]
        if differences:
            raise ContractError(
                f"{ours} and {theirs} use different {self.kind} settings "
                f"({'; '.join(differences)}). {remedy}"
            )


@dataclass(frozen=True)
class MelContract(Contract):
    """Settings of a log-mel spectrogram.

    Defaults: the public 22.05 kHz HiFi-GAN checkpoints (Kong et al. 2020, config_v1).
    """

    kind: ClassVar[str] = "mel"

    sample_rate: SampleRate = 22050  # Hz
    hop: Count = 256  # samples per frame
    n_fft: Window = 1024  # samples
    window: Window = 1024  # samples, Hann
    bands: Channels = 80
    fmin: NonNegative = 0.0  # Hz
    fmax: Positive = 8000.0  # Hz
    power: Annotated[float, Bound(above=0, most=4)] = 1.0  # 1 = magnitude, 2 = power
    floor: Annotated[float, Bound(least=1e-30, most=1)] = (
        1e-5  # smallest linear value, before the logarithm
    )
    normalization: Literal["slaney", "none"] = "slaney"  # of the filters' area: slaney | none
    scale: Literal["slaney", "htk"] = "slaney"  # of the bands: slaney | htk
    centered: bool = False  # frame t is centered on sample t * hop, else on the middle of its hop

    def __post_init__(self) -> None:
        if self.n_fft < self.window:
            raise ContractError(
                f"audio.window={self.window} is longer than audio.n_fft={self.n_fft}; "
                "set audio.n_fft to at least audio.window"
            )
        if not 0 < self.hop <= self.window:
            raise ContractError(f"audio.hop={self.hop} must lie in 1..{self.window} (audio.window)")
        if (self.n_fft - self.hop) % 2:
            raise ContractError(
                f"audio.n_fft={self.n_fft} minus audio.hop={self.hop} must be even, so that frames "
                "and samples stay aligned"
            )
        if not 0 <= self.fmin < self.fmax <= self.sample_rate / 2:
            raise ContractError(
                f"audio.fmin={self.fmin} must be below audio.fmax={self.fmax}, and both must lie "
                f"in 0..{self.sample_rate / 2} Hz, half of audio.sample_rate"
            )
        for name, value, choices in (
            ("normalization", self.normalization, ("slaney", "none")),
            ("scale", self.scale, ("slaney", "htk")),
        ):
            if value not in choices:
                raise ContractError(f"audio.{name}={value!r}: choose from {', '.join(choices)}")


@dataclass(frozen=True)
class CodecContract(Contract):
    """Settings of the discrete codes of a neural or fitted audio codec."""

    kind: ClassVar[str] = "codec"

    name: str  # of the codec's class
    weights: str  # hexadecimal hash of its weights
    codebooks: int  # codes per frame
    codebook_size: int  # entries of each codebook; codes lie in 0..codebook_size - 1

    def __post_init__(self) -> None:
        for name, value in (
            ("sample_rate", self.sample_rate),
            ("hop", self.hop),
            ("codebooks", self.codebooks),
            ("codebook_size", self.codebook_size),
        ):
            if value < 1:
                raise ContractError(f"{name}={value} of codec {self.name} must be at least 1")


def require_same_codec(
    mine: CodecContract | None, other: CodecContract | None, ours: str, theirs: str
) -> None:
    """Raise :class:`ContractError` unless both parts use the same codec, or both none."""
    if mine is not None and other is not None:
        mine.require(other, ours, theirs, f"{SET_CODEC}.")
    elif mine is not None or other is not None:
        given = mine or other
        assert given is not None
        having, lacking = (ours, theirs) if mine is not None else (theirs, ours)
        raise ContractError(
            f"{having} uses the codes of {given.name} ({given.weights}) and {lacking} uses no "
            f"codec. {SET_CODEC}, or to null if it was trained without one."
        )
