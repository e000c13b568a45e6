"""Random batches and corpus facts of realistic shapes for benchmarks."""

import math

import torch
from torch import Tensor

from tts.batch import Batch
from tts.contract import MelContract
from tts.corpus import CorpusFacts, SpeakerStatistics
from tts.text.symbols import SYMBOLS

MEL_MEAN, MEL_STD = -5.5, 2.1  # about those of LJ Speech
SPEAKERS = 2


def random_mel(size: int, frames: int, bands: int, device: torch.device) -> Tensor:
    """Return a log mel ``(size, frames, bands)`` of independent normal values."""
    return torch.randn(size, frames, bands, device=device) * MEL_STD + MEL_MEAN


def random_facts(contract: MelContract) -> CorpusFacts:
    """Return facts of two speakers of one language, with all symbols."""
    statistics = SpeakerStatistics(math.log(150.0), 0.2, 1.0, 1.5, 3600.0)
    return CorpusFacts(
        contract=contract,
        symbols=SYMBOLS,
        speakers=tuple(f"speaker{index}" for index in range(SPEAKERS)),
        languages=("en-us",),
        statistics=(statistics,) * SPEAKERS,
        speaker_languages=(0,) * SPEAKERS,
        mel_mean=MEL_MEAN,
        mel_std=MEL_STD,
    )


def random_batch(size: int, tokens: int, frames: int, bands: int, device: torch.device) -> Batch:
    """Return a batch of ``size`` utterances of equal length, so that no frame is padding."""
    mel = torch.randn(size, frames, bands) * MEL_STD + MEL_MEAN
    voiced = torch.rand(size, frames) > 0.4
    starts = torch.arange(tokens + 1) * frames // tokens
    batch = Batch(
        tokens=torch.randint(1, len(SYMBOLS), (size, tokens)),
        token_lengths=torch.full((size,), tokens),
        frame_lengths=torch.full((size,), frames),
        mel=mel,
        durations=starts.diff().expand(size, tokens).contiguous(),
        pitch=150.0 * voiced,
        energy=torch.randn(size, frames),
        speaker=torch.arange(size) % SPEAKERS,
        language=torch.zeros(size, dtype=torch.long),
    )
    present = {name: part for name, part in batch._asdict().items() if part is not None}
    return batch._replace(**{name: part.to(device) for name, part in present.items()})
