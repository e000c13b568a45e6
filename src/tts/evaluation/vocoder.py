"""Vocoders: their copies of recordings beside Griffin-Lim's."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from tts.audio.bandwidth import limit_band
from tts.data.dataset import SpeechDataset
from tts.evaluation.systems import RECORDINGS, EvaluationSentence, Spoken, System
from tts.losses.waveform import MultiResolutionSTFT, WaveMelLoss
from tts.metrics.bootstrap import mean
from tts.vocoders.vocoder import Vocoder


def copy_all(
    data: SpeechDataset, chosen: list[int], vocoders: Mapping[str, Vocoder], seed: int
) -> Spoken:
    """Recordings and every vocoder's copies; how far the copies are. Griffin-Lim comes first."""
    rows = [data.rows[index] for index in chosen]
    sentences = [EvaluationSentence(r.id, r.normalized, r.speaker, r.language) for r in rows]
    pairs = [data.clip(index, 0, data.rows[index].frames) for index in chosen]
    systems = [System(RECORDINGS, [audio.numpy() for _, audio in pairs])]
    models: dict[str, dict[str, Any]] = {}
    for name, vocoder in vocoders.items():
        contract = vocoder.contract
        losses: dict[str, Any] = {
            "mel_distance": WaveMelLoss(contract.sample_rate),
            "stft_distance": MultiResolutionSTFT(),
        }
        waves: list[np.ndarray | None] = []
        distances: dict[str, list[float]] = {measure: [] for measure in losses}
        spent = seconds = 0.0
        for row, (mel, audio) in zip(rows, pairs, strict=True):
            began = time.perf_counter()
            wave = vocoder.speak(mel[None])
            spent += time.perf_counter() - began
            seconds += contract.seconds(len(mel))
            waves.append(wave[0].numpy())
            # what lies above a recording's band is no error: nobody knows what was there
            pair = (wave, audio[None])
            if row.bandwidth is not None:
                cutoff = torch.tensor([row.bandwidth])
                pair = tuple(limit_band(w, cutoff, contract.sample_rate) for w in pair)  # type: ignore[assignment]
            for measure, loss in losses.items():
                distances[measure].append(float(loss.distance(*pair)))
        systems.append(System(name, waves, aligned=True))
        models[name] = {m: mean(values, seed) for m, values in distances.items()}
        models[name]["real_time_factor"] = spent / seconds
    return Spoken(sentences, systems, baseline=systems[1].name, models=models)
