"""The bundled speaker encoder for log mels of any contract, with gradients.

The encoder reads 40 mel bands of 10 ms at 16 kHz. They are estimated from another mel: its bands
are spread over the frequencies of a spectrum, whose power is filtered and resampled in time. Over
recordings of six corpora the cosine to the embedding of the waveform was 0.92 to 0.97.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from tts.audio.mel import mel_filters
from tts.audio.mel_filters import mel_filter_bank
from tts.contract import MelContract
from tts.speakers.bundled import (
    BANDS,
    ENCODER_RATE,
    HOP,
    WINDOW_FRAMES,
    WINDOW_STEP,
    SpeakerEncoder,
    speaker_encoder,
)

MEAN_POWER = 0.0095  # of the encoder's bands at the level of its training


class MelSpeakerEncoder:
    """Embeds mels of ``contract`` with frozen weights; ``windows``: of 1.6 s each, at most.

    Not a module, so that a training neither saves nor optimizes the weights.
    """

    def __init__(self, contract: MelContract, windows: int = 4) -> None:
        self.windows = windows
        self.encoder: SpeakerEncoder = speaker_encoder().requires_grad_(False)
        self.encoder.lstm.train()  # cuDNN has no gradient in evaluation mode; without dropout equal
        self.power = contract.power
        self.frames_per_frame = contract.hop / contract.sample_rate * ENCODER_RATE / HOP
        filters = mel_filters(contract, torch.zeros(())).T  # (F, M)
        self.spread = (filters / filters.sum(1, keepdim=True).clamp(min=1e-8)).T.contiguous()
        highest = min(ENCODER_RATE / 2, contract.sample_rate / 2)
        self.bank = mel_filter_bank(len(filters), 0.0, highest, BANDS, contract.sample_rate)

    def to(self, device: torch.device) -> "MelSpeakerEncoder":
        self.encoder = self.encoder.to(device)
        self.spread, self.bank = self.spread.to(device), self.bank.to(device)
        return self

    def __call__(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """Embed ``(B, T, M)`` natural-log mels of ``lengths (B,)`` as ``(B, 256)`` of norm 1."""
        with torch.autocast(mel.device.type, enabled=False):
            pieces = [
                self._windows(self._bands(m[:n])) for m, n in zip(mel.float(), lengths, strict=True)
            ]
            last = self.encoder.lstm(torch.cat(pieces))[1][0][-1]
            embedded = F.normalize(F.relu(self.encoder.linear(last)), dim=-1)
        counts = [len(piece) for piece in pieces]
        means = [each.mean(0) for each in embedded.split(counts)]
        return F.normalize(torch.stack(means), dim=-1)

    def _bands(self, mel: Tensor) -> Tensor:
        """``(T, M)`` log mel -> ``(T', 40)`` mel power at the encoder's rate and level."""
        spectrum = mel.exp().pow(1 / self.power) @ self.spread
        bands = spectrum.square() @ self.bank
        count = max(round(len(bands) * self.frames_per_frame), 1)
        bands = F.interpolate(bands.T[None], count, mode="linear")[0].T
        return bands * (MEAN_POWER / bands.mean().clamp(min=1e-12))

    def _windows(self, bands: Tensor) -> Tensor:
        """``(T', 40)`` -> up to ``windows`` windows ``(W, 160, 40)``, spread over the utterance."""
        bands = F.pad(bands, (0, 0, 0, max(0, WINDOW_FRAMES - len(bands))))
        starts = range(0, len(bands) - WINDOW_FRAMES + 1, WINDOW_STEP)
        if len(starts) > self.windows:
            starts = [starts[n * len(starts) // self.windows] for n in range(self.windows)]  # type: ignore[assignment]
        return torch.stack([bands[start : start + WINDOW_FRAMES] for start in starts])
