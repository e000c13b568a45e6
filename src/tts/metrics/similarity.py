"""Is it the same voice? Angles between embeddings that tell speakers apart."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from torchaudio.functional import melscale_fbanks

from tts.metrics.evaluation_sample import SPEECH_RATE, EvaluationSample, level
from tts.metrics.measure import Measure, Row

WEIGHTS = Path(__file__).with_name("speaker_encoder.safetensors")
BANDS, N_FFT, HOP = 40, 400, 160
FRAMES, STEP = 160, 77  # of a window, and from one to the next
COVERED = 0.75  # of a last window that counts
LOUDNESS = -30.0  # dBFS, as in its training


class SpeakerEncoder(nn.Module):
    """Three LSTM layers over windows of 1.6 s (Wan et al. 2018, GE2E).

    The weights are those of Resemblyzer (Resemble AI, Apache-2.0; trained on LibriSpeech-other,
    VoxCeleb1 and VoxCeleb2), kept in half precision.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)
        filters = melscale_fbanks(
            N_FFT // 2 + 1, 0.0, SPEECH_RATE / 2, BANDS, SPEECH_RATE, "slaney", "slaney"
        )
        self.register_buffer("filters", filters, persistent=False)  # (F, M)
        self.register_buffer("window", torch.hann_window(N_FFT), persistent=False)
        self.filters: Tensor
        self.window: Tensor

    def forward(self, speech: Tensor) -> Tensor:
        """``(S,)`` samples at 16 kHz -> ``(256,)``, of length 1 and without negatives."""
        frames = -(-(len(speech) + 1) // HOP)
        starts = list(range(0, max(1, frames - FRAMES + STEP + 1), STEP))
        if len(starts) > 1 and len(speech) - starts[-1] * HOP < COVERED * FRAMES * HOP:
            starts.pop()
        missing = (starts[-1] + FRAMES) * HOP - len(speech)
        mel = self._mel(F.pad(speech, (0, max(0, missing))))
        windows = torch.stack([mel[start : start + FRAMES] for start in starts])
        last = self.lstm(windows)[1][0][-1]  # (W, 256)
        each = F.normalize(F.relu(self.linear(last)), dim=-1)
        return F.normalize(each.mean(0), dim=-1)

    def _mel(self, speech: Tensor) -> Tensor:
        """``(S,)`` -> ``(T, M)`` mel power."""
        spectrum = torch.stft(
            speech, N_FFT, HOP, window=self.window, pad_mode="constant", return_complex=True
        )
        return spectrum.abs().square().mT @ self.filters


@lru_cache(maxsize=1)
def speaker_encoder() -> SpeakerEncoder:
    """The bundled one, loaded once."""
    encoder = SpeakerEncoder()
    encoder.load_state_dict({name: w.float() for name, w in load_file(WEIGHTS).items()})
    return encoder.eval()


def embed_speaker(speech: np.ndarray) -> np.ndarray:
    """``(S,)`` samples at 16 kHz -> ``(256,)``, whatever the level."""
    with torch.inference_mode():
        return speaker_encoder()(torch.from_numpy(level(speech, LOUDNESS))).numpy()


class SpeakerSimilarity(Measure):
    """Cosine between the embeddings of take and recording, 0 to 1; higher is better.

    Two sentences of one speaker are at .8 to .95, of two speakers at .5 to .7. About 20 ms per
    second of audio.
    """

    label, higher_is_better = "speaker similarity", True

    def row(self, take: EvaluationSample) -> Row | None:
        if take.reference is None:
            return None
        return (float(take.once(_voice) @ take.reference.once(_voice)),)


def _voice(take: EvaluationSample) -> np.ndarray:
    return embed_speaker(take.speech)
