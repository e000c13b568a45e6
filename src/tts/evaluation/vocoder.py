"""Copy synthesis: evaluation of vocoders and codecs against the recordings."""

import time
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

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
from tts.metrics.codebooks import CodebookUse
from tts.vocoders.codec import Codec
from tts.vocoders.vocoder import Vocoder


def copy_synthesis(
    data: SpeechDataset, chosen: list[int], models: Mapping[str, Vocoder | Codec], seed: int
) -> EvaluationSet:
    """Return recordings and every model's copies, with mel and STFT distances.

    A vocoder copies the mel, a codec goes through its codes and has a bitrate and the use of its
    codebooks too. The first model is the baseline.
    """
    rows = [data.row(index) for index in chosen]
    sentences = [EvaluationSentence(r.id, r.normalized, r.speaker, r.language) for r in rows]
    pairs = [data.clip(index, 0, data.row(index).frames) for index in chosen]
    systems = [System(RECORDINGS, [audio.numpy() for _, audio in pairs])]
    measurements: dict[str, ModelMeasurements] = {}
    for name, model in models.items():
        losses: dict[str, WaveMelLoss | MultiResolutionSTFT] = {
            "mel_distance": WaveMelLoss(model.sample_rate, (1024,), (100,)),
            "stft_distance": MultiResolutionSTFT(),
        }
        waves: list[np.ndarray | None] = []
        distances: dict[str, list[float]] = {distance: [] for distance in losses}
        copier = _Copier(model)
        for row, (mel, audio) in zip(rows, pairs, strict=True):
            wave = copier.copy(mel, audio)
            waves.append(wave[0].numpy())
            # above the recording's bandwidth there is no reference to compare with
            copy, original = wave, audio[None]
            if row.bandwidth is not None:
                cutoff = torch.tensor([row.bandwidth])
                copy = limit_band(copy, cutoff, model.sample_rate)
                original = limit_band(original, cutoff, model.sample_rate)
            for distance, loss in losses.items():
                distances[distance].append(float(loss.distance(copy, original)))
        systems.append(System(name, waves, aligned=True))
        measurements[name] = {
            **{distance: mean_estimate(values, seed) for distance, values in distances.items()},
            **copier.measurements(),
        }
    return EvaluationSet(sentences, systems, baseline=systems[1].name, models=measurements)


class _Copier:
    """Copies recordings with one model, and measures its speed and the use of its codes."""

    def __init__(self, model: Vocoder | Codec) -> None:
        self.model = model
        self.elapsed = {"real_time_factor": 0.0}
        self.seconds = 0.0
        self.use: CodebookUse | None = None
        if isinstance(model, Codec):
            self.elapsed = {"real_time_factor_encoding": 0.0, "real_time_factor_decoding": 0.0}
            self.use = CodebookUse(model.codebooks, model.codebook_size)

    def copy(self, mel: Tensor, audio: Tensor) -> Tensor:
        """Return the copy ``(1, S)`` of one recording: log mel ``(T, M)``, samples ``(S,)``."""
        self.seconds += len(audio) / self.model.sample_rate
        start = time.perf_counter()
        if isinstance(self.model, Vocoder):
            wave = self.model.synthesize(mel[None])
            self.elapsed["real_time_factor"] += time.perf_counter() - start
            return wave
        assert self.use is not None
        with torch.inference_mode():
            codes = self.model.encode(audio[None])
            encoded = time.perf_counter()
            wave = self.model.decode(codes)[:, : len(audio)]
        self.elapsed["real_time_factor_encoding"] += encoded - start
        self.elapsed["real_time_factor_decoding"] += time.perf_counter() - encoded
        self.use.add(codes)
        return wave

    def measurements(self) -> ModelMeasurements:
        found: ModelMeasurements = {n: value / self.seconds for n, value in self.elapsed.items()}
        if self.use is not None and isinstance(self.model, Codec):
            frames_per_second = self.model.sample_rate / self.model.hop
            found["kbps"] = self.model.bits_per_second / 1000
            found["kbps_entropy"] = float(self.use.entropy().sum()) * frames_per_second / 1000
            for name, levels in (
                ("codebook_usage", self.use.usage()),
                ("codebook_perplexity", self.use.perplexity()),
            ):
                found |= {name: float(levels.mean()), f"{name}_lowest": float(levels.min())}
        return found
