"""The mel contract: the settings two models must share to understand each other's mels.

It is part of every prepared corpus, checkpoint and voice, so a mismatch is an error that names
the field instead of a buzz in the output.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor
from torchaudio.functional import melscale_fbanks

from tts.contract import MelContract


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
