"""Mel spectrograms: STFT magnitude, mel filters and log mel, set by a :class:`MelContract`."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.audio.mel_filters import mel_filter_bank
from tts.contract import MelContract


@lru_cache(maxsize=16)
def _filters(contract: MelContract) -> Tensor:
    # the cached tensor may be made in inference mode and used in training
    with torch.inference_mode(False):
        filters = mel_filter_bank(
            n_freqs=contract.n_fft // 2 + 1,
            fmin=contract.fmin,
            fmax=contract.fmax,
            bands=contract.bands,
            sample_rate=contract.sample_rate,
            normalization="slaney" if contract.normalization == "slaney" else None,
            scale=contract.scale,
        )
    return filters.T.contiguous()


def mel_filters(contract: MelContract, like: Tensor) -> Tensor:
    """Return the ``(M, n_fft // 2 + 1)`` filterbank on ``like``'s device and in its dtype."""
    return _filters(contract).to(like)


def stft_magnitude(wave: Tensor, contract: MelContract) -> Tensor:
    """Compute ``(..., T, n_fft // 2 + 1)`` magnitude of ``(..., S)`` samples, T = ceil(S / hop).

    Zeros fill the last hop. Reflection padding by (n_fft - hop) / 2 on both sides, as in HiFi-GAN,
    centers frame t on the middle of its hop; by n_fft / 2, on its first sample (``centered``).
    """
    shape = wave.shape
    if shape[-1] == 0:
        raise ValueError("no samples: a mel needs at least one sample")
    wave = wave.reshape(-1, shape[-1]).float()
    wave = F.pad(wave, (0, -shape[-1] % contract.hop))
    pad = (contract.n_fft if contract.centered else contract.n_fft - contract.hop) // 2
    # reflection needs more samples than it reflects; zeros extend a shorter clip
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
    """Compute the ``(..., T, M)`` natural-log mel of ``(..., T, F)`` STFT magnitude."""
    mel = magnitude.pow(contract.power) @ mel_filters(contract, magnitude).T
    return mel.clamp(min=contract.floor).log()


def mel_spectrogram(wave: Tensor, contract: MelContract) -> Tensor:
    """Compute the ``(..., T, M)`` natural-log mel of ``(..., S)`` samples in [-1, 1]."""
    return mel_from_magnitude(stft_magnitude(wave, contract), contract)
