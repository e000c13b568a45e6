"""The bundled speaker encoder: a recording to a speaker embedding (GE2E)."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from tts.audio.level import normalize_level
from tts.audio.mel_filters import mel_filter_bank

WEIGHTS = Path(__file__).with_name("speaker_encoder.safetensors")
BANDS, N_FFT, HOP = 40, 400, 160
WINDOW_FRAMES, WINDOW_STEP = 160, 77
MIN_COVERAGE = 0.75  # share of the last window that speech must fill
ENCODER_LEVEL = -30.0  # dBFS, as in the encoder's training
ENCODER_RATE = 16000  # Hz
EMBEDDING_DIM = 256


class SpeakerEncoder(nn.Module):
    """GE2E speaker encoder: three LSTM layers over windows of 1.6 s (Wan et al. 2018).

    The weights are those of Resemblyzer (Resemble AI, Apache-2.0; trained on LibriSpeech-other,
    VoxCeleb1 and VoxCeleb2), stored in half precision.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)
        bins, highest = N_FFT // 2 + 1, ENCODER_RATE / 2
        filters = mel_filter_bank(bins, 0.0, highest, BANDS, ENCODER_RATE)
        self.register_buffer("filters", filters, persistent=False)  # (F, M)
        self.register_buffer("window", torch.hann_window(N_FFT), persistent=False)
        self.filters: Tensor
        self.window: Tensor

    def forward(self, speech: Tensor) -> Tensor:
        """Embed ``(S,)`` samples at 16 kHz as ``(256,)``, of norm 1 and non-negative."""
        frames = -(-(len(speech) + 1) // HOP)
        starts = list(range(0, max(1, frames - WINDOW_FRAMES + WINDOW_STEP + 1), WINDOW_STEP))
        last_samples = len(speech) - starts[-1] * HOP
        if len(starts) > 1 and last_samples < MIN_COVERAGE * WINDOW_FRAMES * HOP:
            starts.pop()
        missing = (starts[-1] + WINDOW_FRAMES) * HOP - len(speech)
        mel = self._mel(F.pad(speech, (0, max(0, missing))))
        windows = torch.stack([mel[start : start + WINDOW_FRAMES] for start in starts])
        last = self.lstm(windows)[1][0][-1]  # (W, 256)
        embeddings = F.normalize(F.relu(self.linear(last)), dim=-1)
        return F.normalize(embeddings.mean(0), dim=-1)

    def _mel(self, speech: Tensor) -> Tensor:
        """Return the mel power ``(T, M)`` of ``(S,)`` samples."""
        spectrum = torch.stft(
            speech, N_FFT, HOP, window=self.window, pad_mode="constant", return_complex=True
        )
        return spectrum.abs().square().mT @ self.filters


@lru_cache(maxsize=1)
def speaker_encoder() -> SpeakerEncoder:
    """Load the bundled encoder, once per process."""
    # whatever device is the default of a trial build
    with (
        torch.device("cpu"),
        torch.inference_mode(False),
    ):  # it may be made in inference mode and used in training
        encoder = SpeakerEncoder()
        encoder.load_state_dict({name: w.float() for name, w in load_file(WEIGHTS).items()})
    return encoder.eval()


def embed_speaker(speech: np.ndarray) -> np.ndarray:
    """Embed ``(S,)`` samples at 16 kHz as ``(256,)``, independent of their level."""
    with torch.inference_mode():
        normalized = normalize_level(speech, ENCODER_LEVEL)
        return speaker_encoder()(torch.from_numpy(normalized)).numpy()
