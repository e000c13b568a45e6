"""The mel contract: the settings two models must share to understand each other's mels.

It is part of every prepared corpus, checkpoint and voice, so a mismatch is an error that names
the field instead of a buzz in the output.
"""

from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torchaudio.functional import melscale_fbanks

from tts.errors import UserError


class ContractError(UserError):
    """Two parts were built for different mels."""


@dataclass(frozen=True)
class MelContract:
    """Defaults: the public 22.05 kHz HiFi-GAN checkpoints (Kong et al. 2020, config_v1)."""

    sample_rate: int = 22050  # Hz
    n_fft: int = 1024  # samples
    hop: int = 256  # samples per frame
    window: int = 1024  # samples, Hann
    bands: int = 80
    fmin: float = 0.0  # Hz
    fmax: float = 8000.0  # Hz
    power: float = 1.0  # 1 = magnitude, 2 = power
    floor: float = 1e-5  # smallest linear value, before the logarithm
    normalization: str = "slaney"  # area normalization of the filters; or "none"
    scale: str = "slaney"  # of the bands; or "htk"
    centered: bool = False  # frame t around sample t * hop; else around the middle of its own hop

    def __post_init__(self) -> None:
        if self.n_fft < self.window:
            raise ContractError(f"audio.window={self.window} does not fit audio.n_fft={self.n_fft}")
        if not 0 < self.hop <= self.window:
            raise ContractError(f"audio.hop={self.hop} must lie in 1..audio.window={self.window}")
        if (self.n_fft - self.hop) % 2:
            raise ContractError(
                f"audio.n_fft={self.n_fft} minus audio.hop={self.hop} must be even, or frames and "
                "samples cannot stay aligned"
            )
        if not 0 <= self.fmin < self.fmax <= self.sample_rate / 2:
            raise ContractError(
                f"audio.fmin={self.fmin} and audio.fmax={self.fmax} must rise within 0.."
                f"{self.sample_rate / 2} Hz, half of audio.sample_rate"
            )
        for name, choices in (("normalization", ("slaney", "none")), ("scale", ("slaney", "htk"))):
            if getattr(self, name) not in choices:
                raise ContractError(
                    f"audio.{name}={getattr(self, name)!r}: choose {' or '.join(choices)}"
                )

    @property
    def frames_per_second(self) -> float:
        return self.sample_rate / self.hop

    def seconds(self, frames: int) -> float:
        return frames * self.hop / self.sample_rate

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "MelContract":
        known = {field.name for field in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ContractError(f"unknown mel settings {unknown}; known are {sorted(known)}")
        return cls(**values)

    def require(self, other: "MelContract", ours: str, theirs: str) -> None:
        """Raise :class:`ContractError` naming every field in which ``other`` differs."""
        differences = [
            f"{field.name}: {getattr(self, field.name)} in {ours}, "
            f"{getattr(other, field.name)} in {theirs}"
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        ]
        if differences:
            raise ContractError(
                f"{ours} and {theirs} do not speak the same mel ({'; '.join(differences)}). "
                "Use two parts made for one contract."
            )


@lru_cache(maxsize=16)
def _filters(contract: MelContract) -> Tensor:
    """librosa's filters to 1e-7, without the seconds that importing librosa takes."""
    with torch.inference_mode(False):  # speaking may call first, and training differentiate later
        filters = melscale_fbanks(
            n_freqs=contract.n_fft // 2 + 1,
            f_min=contract.fmin,
            f_max=contract.fmax,
            n_mels=contract.bands,
            sample_rate=contract.sample_rate,
            norm="slaney" if contract.normalization == "slaney" else None,
            mel_scale=contract.scale,
        )
    return filters.T.contiguous()


def mel_filters(contract: MelContract, like: Tensor) -> Tensor:
    """``(M, n_fft // 2 + 1)`` filterbank on ``like``'s device and dtype."""
    return _filters(contract).to(like)


def stft_magnitude(wave: Tensor, contract: MelContract) -> Tensor:
    """``(..., S)`` samples in [-1, 1] -> ``(..., T, n_fft // 2 + 1)`` magnitude, T = ceil(S / hop).

    Reflection padding by (n_fft - hop) / 2 on both sides, as HiFi-GAN does, so that one frame
    stands for exactly one hop of samples; by n_fft / 2 where the contract's frames are centered on
    the first sample of their hop. The tail is filled with zeros to a whole hop first.
    """
    shape = wave.shape
    if shape[-1] == 0:
        raise ValueError("no samples: a mel needs at least one")
    wave = wave.reshape(-1, shape[-1]).float()
    wave = F.pad(wave, (0, -shape[-1] % contract.hop))
    pad = (contract.n_fft if contract.centered else contract.n_fft - contract.hop) // 2
    # reflection needs more samples than it reflects; a shorter clip is extended by silence first
    short = max(0, pad + 1 - wave.shape[-1])
    frames = wave.shape[-1] // contract.hop
    wave = F.pad(wave, (0, short))
    wave = F.pad(wave[:, None], (pad, pad), mode="reflect")[:, 0]
    window = torch.hann_window(contract.window, device=wave.device)
    spectrum = torch.stft(
        wave,
        contract.n_fft,
        contract.hop,
        contract.window,
        window,
        center=False,
        return_complex=True,
    )
    magnitude = spectrum.abs().mT[:, :frames]  # (B, T, F)
    return magnitude.reshape(*shape[:-1], frames, magnitude.shape[-1])


def mel_from_magnitude(magnitude: Tensor, contract: MelContract) -> Tensor:
    """``(..., T, F)`` STFT magnitude -> ``(..., T, M)`` natural-log mel."""
    mel = magnitude.pow(contract.power) @ mel_filters(contract, magnitude).T
    return mel.clamp(min=contract.floor).log()


def mel_spectrogram(wave: Tensor, contract: MelContract) -> Tensor:
    """``(..., S)`` samples in [-1, 1] -> ``(..., T, M)`` natural-log mel, T = ceil(S / hop)."""
    return mel_from_magnitude(stft_magnitude(wave, contract), contract)
