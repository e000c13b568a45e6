"""Copy synthesis: evaluation of vocoders against the recordings, with Griffin-Lim as baseline."""

import time
from collections.abc import Mapping

import numpy as np
import torch

from tts.audio.bandwidth import limit_band
from tts.data.dataset import SpeechDataset
from tts.evaluation.systems import (
    RECORDINGS,
    EvaluationSentence,
    EvaluationSet,
    ModelMeasurements,
    System,
)
from tts.losses.waveform import MultiResolutionSTFT, WaveMelLoss
from tts.metrics.bootstrap import mean_estimate
from tts.vocoders.vocoder import Vocoder


def copy_synthesis(
    data: SpeechDataset, chosen: list[int], vocoders: Mapping[str, Vocoder], seed: int
) -> EvaluationSet:
    """Return recordings and every vocoder's copies, with mel and STFT distances.

    The first vocoder is the baseline.
    """
    rows = [data.rows[index] for index in chosen]
    sentences = [EvaluationSentence(r.id, r.normalized, r.speaker, r.language) for r in rows]
    pairs = [data.clip(index, 0, data.rows[index].frames) for index in chosen]
    systems = [System(RECORDINGS, [audio.numpy() for _, audio in pairs])]
    models: dict[str, ModelMeasurements] = {}
    for name, vocoder in vocoders.items():
        contract = vocoder.contract
        losses: dict[str, WaveMelLoss | MultiResolutionSTFT] = {
            "mel_distance": WaveMelLoss(contract.sample_rate, (1024,), (100,)),
            "stft_distance": MultiResolutionSTFT(),
        }
        waves: list[np.ndarray | None] = []
        distances: dict[str, list[float]] = {distance: [] for distance in losses}
        elapsed = seconds = 0.0
        for row, (mel, audio) in zip(rows, pairs, strict=True):
            start = time.perf_counter()
            wave = vocoder.synthesize(mel[None])
            elapsed += time.perf_counter() - start
            seconds += contract.seconds(len(mel))
            waves.append(wave[0].numpy())
            # above the recording's bandwidth there is no reference to compare with
            copy, original = wave, audio[None]
            if row.bandwidth is not None:
                cutoff = torch.tensor([row.bandwidth])
                copy = limit_band(copy, cutoff, contract.sample_rate)
                original = limit_band(original, cutoff, contract.sample_rate)
            for distance, loss in losses.items():
                distances[distance].append(float(loss.distance(copy, original)))
        systems.append(System(name, waves, aligned=True))
        models[name] = {
            **{distance: mean_estimate(values, seed) for distance, values in distances.items()},
            "real_time_factor": elapsed / seconds,
        }
    return EvaluationSet(sentences, systems, baseline=systems[1].name, models=models)
