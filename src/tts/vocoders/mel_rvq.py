"""Residual vector quantizer of mel frames: a codec that needs no training by gradients.

A baseline for models that predict codes: k-means codebooks over log-mel frames, decoded by
Griffin-Lim. Fit one on a prepared corpus and name its folder in ``data.codec``::

    corpus = PreparedCorpus.open("prepared/demo-1234abcd")
    mels = torch.cat([corpus.read(row, ("mel",))["mel"] for row in corpus.rows])
    fit_mel_rvq(mels, corpus.facts.contract, codebooks=8).save("my_codec")
"""

import os

import torch
from torch import Tensor

from tts.audio.mel import mel_spectrogram
from tts.contract import MelContract
from tts.errors import UserError
from tts.plain_data import PlainData
from tts.vocoders.codec import Codec, save_codec
from tts.vocoders.griffin_lim import GriffinLim


class MelRVQ(Codec):
    """Quantize each log-mel frame by the nearest entries of ``codebooks`` codebooks in a row.

    Every codebook quantizes the residual of those before it (SoundStream, Zeghidour et al. 2021,
    section III-C). Codes have the mel's hop. ``iterations``: of Griffin-Lim when decoding.
    """

    def __init__(
        self, mel: MelContract, codebooks: int = 8, codebook_size: int = 256, iterations: int = 32
    ) -> None:
        super().__init__(mel, mel.hop, codebooks, codebook_size)
        self.iterations = iterations
        self.griffin_lim = GriffinLim(mel, iterations)
        self.register_buffer("entries", torch.zeros(codebooks, codebook_size, mel.bands))
        self.entries: Tensor  # (K, V, M)

    def encode(self, waveform: Tensor) -> Tensor:
        """``(B, S)`` samples in [-1, 1] -> ``(B, T, K)`` int64 codes, T = ceil(S / hop)."""
        self.check_waveform(waveform)
        return self.quantize(mel_spectrogram(waveform, self.mel))

    def decode(self, codes: Tensor) -> Tensor:
        """``(B, T, K)`` int64 codes -> ``(B, T * hop)`` samples in [-1, 1]."""
        return self.griffin_lim(self.dequantize(codes))

    def code_vectors(self) -> Tensor:
        return self.entries

    def quantize(self, mel: Tensor) -> Tensor:
        """``(..., T, M)`` log mel -> ``(..., T, K)`` int64 codes."""
        residual, codes = mel.to(self.entries), []
        for entries in self.entries:
            codes.append(_nearest(residual, entries))
            residual = residual - entries[codes[-1]]
        return torch.stack(codes, -1)

    def dequantize(self, codes: Tensor) -> Tensor:
        """``(B, T, K)`` int64 codes -> ``(B, T, M)`` log mel. Raises UserError for bad codes."""
        self.check(codes)
        chosen = [entries[codes[..., k]] for k, entries in enumerate(self.entries)]
        return torch.stack(chosen).sum(0)

    def save(self, folder: str | os.PathLike[str], about: PlainData | None = None) -> None:
        """Write the codec as a voice that ``data.codec`` can name."""
        settings = {
            "codebooks": self.codebooks,
            "codebook_size": self.codebook_size,
            "iterations": self.iterations,
        }
        save_codec(self, folder, settings, about)


def fit_mel_rvq(
    mels: Tensor,
    contract: MelContract,
    codebooks: int = 8,
    codebook_size: int = 256,
    rounds: int = 20,
    seed: int = 0,
) -> MelRVQ:
    """Fit codebooks to ``(n, M)`` log-mel frames by k-means, one on the residual of another.

    ``rounds``: of Lloyd's algorithm per codebook. Raises UserError for fewer frames than entries.
    """
    if len(mels) < codebook_size:
        raise UserError(
            f"{len(mels)} mel frames cannot fill codebook_size={codebook_size} entries; give more "
            "frames or a smaller codebook_size"
        )
    codec = MelRVQ(contract, codebooks, codebook_size)
    generator = torch.Generator().manual_seed(seed)
    residual = mels.float()
    for entries in codec.entries:
        entries.copy_(_k_means(residual, codebook_size, rounds, generator))
        residual = residual - entries[_nearest(residual, entries)]
    return codec.eval()


def _k_means(points: Tensor, count: int, rounds: int, generator: torch.Generator) -> Tensor:
    """``(n, M)`` points -> ``(count, M)`` centers by Lloyd's algorithm."""
    centers = points[torch.randperm(len(points), generator=generator)[:count]].clone()
    for _ in range(rounds):
        nearest = _nearest(points, centers)
        sizes = torch.bincount(nearest, minlength=count)
        sums = torch.zeros_like(centers).index_add_(0, nearest, points)
        # a center without points keeps its place
        centers = torch.where(sizes[:, None] > 0, sums / sizes.clamp(min=1)[:, None], centers)
    return centers


def _nearest(points: Tensor, entries: Tensor) -> Tensor:
    """``(..., M)`` points, ``(V, M)`` entries -> ``(...)`` int64 index of the nearest entry."""
    # without matrix products, whose rounding depends on the batch and may choose another entry
    distances = torch.cdist(points, entries, compute_mode="donot_use_mm_for_euclid_dist")
    return distances.argmin(-1)
