"""Models built from the repository's configs, with made-up corpus facts and batches."""

import math

import torch
from compose_once import composed_once
from fakes import model_factory
from hydra.utils import instantiate
from omegaconf import DictConfig

from tts.batch import Batch
from tts.contract import MelContract
from tts.corpus import CorpusFacts, SpeakerStatistics
from tts.losses.weighted import WeightedLoss
from tts.models.fastspeech import FastSpeech

SYMBOLS = tuple("_ .,abcdefghijklmnopqrstuvwxyz")


def facts(speakers: int = 2, languages: int = 1) -> CorpusFacts:
    return CorpusFacts(
        contract=MelContract(),
        symbols=SYMBOLS,
        speakers=tuple(f"speaker{i}" for i in range(speakers)),
        languages=("en-us", "de", "nl")[:languages],
        statistics=(SpeakerStatistics(math.log(150), 0.2, 1.0, 1.5, 600.0),) * speakers,
        speaker_languages=(0,) * speakers,
        mel_mean=-5.0,
        mel_std=2.0,
    )


def config(*overrides: str) -> DictConfig:
    return composed_once(None, ["+model=fastspeech", "model/size=tiny", *overrides])


def build(*overrides: str, **kwargs: int) -> tuple[FastSpeech, WeightedLoss]:
    """Return a model in evaluation mode and its loss; ``overrides`` are Hydra's."""
    torch.manual_seed(0)
    cfg = config(*overrides)
    return model_factory(cfg)(facts=facts(**kwargs)).eval(), instantiate(cfg.model.loss)


def batch(
    token_lengths: tuple[int, ...] = (9, 6),
    frame_lengths: tuple[int, ...] = (61, 40),
    extra_tokens: int = 0,
    extra_frames: int = 0,
    durations: bool = False,
) -> Batch:
    """Return random utterances; ``extra_*`` add padding and change nothing else."""
    generator = torch.Generator().manual_seed(1)
    size = len(token_lengths)
    tokens = torch.zeros(size, max(token_lengths) + extra_tokens, dtype=torch.long)
    mel = torch.zeros(size, max(frame_lengths) + extra_frames, 80)
    pitch, energy = mel[..., 0].clone(), mel[..., 0].clone()
    given = torch.zeros_like(tokens)
    for row, (n, t) in enumerate(zip(token_lengths, frame_lengths, strict=True)):
        tokens[row, :n] = torch.randint(1, len(SYMBOLS), (n,), generator=generator)
        mel[row, :t] = torch.randn(t, 80, generator=generator) * 2 - 5
        hertz = 100 + 100 * torch.rand(t, generator=generator)
        pitch[row, :t] = hertz * (torch.rand(t, generator=generator) > 0.4)
        energy[row, :t] = torch.randn(t, generator=generator)
        given[row, :n] = t // n
        given[row, n - 1] += t - t // n * n
    return Batch(
        tokens=tokens,
        token_lengths=torch.tensor(token_lengths),
        frame_lengths=torch.tensor(frame_lengths),
        mel=mel,
        durations=given if durations else None,
        pitch=pitch,
        energy=energy,
        speaker=torch.arange(size) % 2,
        language=torch.zeros(size, dtype=torch.long),
    )
