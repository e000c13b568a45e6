"""Predicted mean opinion scores: DNSMOS, PLCMOS and DistillMOS.

The networks are in the wheels ``speechmos`` and ``distillmos``.
"""

from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch

from tts.metrics.evaluation_sample import (
    SPEECH_SAMPLE_RATE,
    EvaluationSample,
)
from tts.metrics.measure import Measure, Statistics
from tts.metrics.optional_packages import require_package

OVRL_WINDOWS = 2  # of nine seconds, that DNSMOS OVRL scores of a longer clip
PLCMOS_RATERS = 5  # random rater embeddings that a PLCMOS score averages


class DNSMOSScores(NamedTuple):
    """Predicted scores on the opinion scale 1 to 5; higher is better."""

    dnsmos_ovrl: float  # overall quality: falls with buzz, blur and noise
    dnsmos_p808: float  # ITU-T P.808 rating: the best proxy for naturalness here


def dnsmos(speech: np.ndarray) -> DNSMOSScores:
    """Return the DNSMOS scores (Reddy et al. 2021, 2022) of ``(S,)`` samples at 16 kHz.

    DNSMOS depends on the level: set it to -26 dBFS first. The package repeats a clip to fill nine
    seconds and scores a window every second; so does P.808 here. OVRL, which costs thirty times as
    much, scores only the first and the last window: over 32 clips its mean differs from the
    package's by less than 0.02, a single clip by 0.04 on average. Cost: about 0.5 s per OVRL
    window. Raises MissingPackageError.
    """
    network, rate = _dnsmos_network(), SPEECH_SAMPLE_RATE
    size = int(_package("dnsmos").INPUT_LENGTH * rate)
    one_window = len(speech) <= size
    while len(speech) < size:
        speech = np.append(speech, speech)
    last = max(int(len(speech) // rate - _package("dnsmos").INPUT_LENGTH), 0)
    windows = [
        speech[start * rate : start * rate + size].astype(np.float32) for start in range(last + 1)
    ]
    mels = np.stack([network.audio_melspec(audio=w[:-160]) for w in windows]).astype(np.float32)
    p808 = network.p808_onnx_sess.run(None, {"input_1": mels})[0]
    chosen = np.unique(np.linspace(0, 0 if one_window else last, OVRL_WINDOWS).round().astype(int))
    raw = network.onnx_sess.run(None, {"input_1": np.stack([windows[n] for n in chosen])})[0]
    ovrl = [network.get_polyfit_val(*scores, False)[2] for scores in raw]
    return DNSMOSScores(float(np.mean(ovrl)), float(np.mean(p808)))


def plcmos(speech: np.ndarray) -> float:
    """Return PLCMOS v2 (Diener et al. 2023) of ``(S,)`` samples at 16 kHz: 1 to 5.

    The rater embeddings are fixed, where the package samples new ones in every call. Raises
    MissingPackageError.
    """
    network = _plcmos_network()
    features = network.stft_transform(speech).astype(np.float32)[None, None]
    raters = np.random.default_rng(0).normal(size=(PLCMOS_RATERS, 1, 64)).astype(np.float32)
    scores = [
        network.session.run(None, {"degraded_audio": features, "rater_embed": rater})[0]
        for rater in raters
    ]
    return float(np.mean(scores))


def distillmos(speech: np.ndarray) -> float:
    """Return DistillMOS (Stahl & Gamper 2025) of ``(S,)`` samples at 16 kHz: 1 to 5.

    The package averages windows of 7.7 s, at most a second apart. Raises MissingPackageError.
    """
    with torch.inference_mode():
        return float(_distillmos_network()(torch.from_numpy(speech).float()[None]))


class DNSMOSP808(Measure):
    """DNSMOS P.808 (Reddy et al. 2021), 1 to 5; higher is better.

    Cost: 0.5 to 1 s per clip, shared with DNSMOS OVRL.
    """

    label, higher_is_better = "DNSMOS P.808", True

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        return (sample.cached(_sample_dnsmos).dnsmos_p808,)


class DNSMOSOvrl(Measure):
    """DNSMOS OVRL (Reddy et al. 2022), overall quality, 1 to 5; higher is better.

    Cost: 0.5 to 1 s per clip, shared with DNSMOS P.808.
    """

    label, higher_is_better = "DNSMOS OVRL", True

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        return (sample.cached(_sample_dnsmos).dnsmos_ovrl,)


class PLCMOS(Measure):
    """PLCMOS v2 (Diener et al. 2023), 1 to 5; higher is better. Sensitive to vocoder buzz.

    Cost: about 0.03 s per second of audio.
    """

    label, higher_is_better = "PLCMOS", True

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        return (plcmos(sample.speech),)


class DistillMOS(Measure):
    """DistillMOS (Stahl & Gamper 2025), 1 to 5; higher is better.

    Still separates systems where DNSMOS P.808 and PLCMOS are at the recordings' value. Cost: about
    0.3 s per second of audio.
    """

    label, higher_is_better = "DistillMOS", True

    def statistics(self, sample: EvaluationSample) -> Statistics | None:
        return (distillmos(sample.speech),)


def _sample_dnsmos(sample: EvaluationSample) -> DNSMOSScores:
    return dnsmos(sample.speech)


@lru_cache(maxsize=1)
def _dnsmos_network() -> Any:  # of an untyped package
    package = _package("dnsmos")
    folder = Path(str(package.__file__)).parent / "dnsmos_models"
    network = package.DNSMOS(str(folder / "sig_bak_ovr.onnx"), str(folder / "model_v8.onnx"))
    network.onnx_sess = _session(folder / "sig_bak_ovr.onnx")
    network.p808_onnx_sess = _session(folder / "model_v8.onnx")
    return network


@lru_cache(maxsize=1)
def _plcmos_network() -> Any:  # of an untyped package
    network = _package("plcmos").PLCMOS()
    network.session = _session(Path(network.model_path))
    return network


@lru_cache(maxsize=1)
def _distillmos_network() -> torch.nn.Module:
    package = require_package("distillmos.sqa", "DistillMOS")
    network: torch.nn.Module = package.ConvTransformerSQAModel(load_weights=False)
    weights = torch.load(package.DEFAULT_WEIGHTS_CHKPT, map_location="cpu", weights_only=True)
    network.load_state_dict(weights["model"])
    return network.eval()


def _package(name: str) -> ModuleType:
    return require_package(f"speechmos.{name}", name.upper())


def _session(path: Path) -> Any:  # of an untyped package
    """Open a network on torch's number of threads; onnxruntime's default is every core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(str(path), options)
