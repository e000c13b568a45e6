"""Mean opinion predicted by networks that ship inside the ``speechmos`` wheel."""

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from tts.metrics.evaluation_sample import LEVEL, SPEECH_RATE, EvaluationSample, level, resample
from tts.metrics.measure import Measure, Row
from tts.metrics.optional_packages import require_package

WINDOWS = 2  # of nine seconds, that DNSMOS OVRL hears of a longer clip
RATERS = 5  # of PLCMOS's made-up ones


class Opinion(NamedTuple):
    """Predicted scores on the 1..5 opinion scale; higher is better."""

    dnsmos_ovrl: float  # DNSMOS OVRL: falls with buzz, blur and noise
    dnsmos_p808: float  # DNSMOS P.808: the best single stand-in for naturalness here


def dnsmos(wave: np.ndarray, sample_rate: int) -> Opinion:
    """DNSMOS (Reddy et al. 2022) of ``(S,)`` samples, about 0.5 s of one core per OVRL window.

    The level is set to -26 dBFS first, or loudness would decide. The package repeats a clip until
    it fills nine seconds and hears every second's window. So does P.808 here; OVRL, which costs
    thirty times as much, hears a clip of up to nine seconds once, whole, and of a longer one the
    first and the last window: over 32 clips its mean is within .02 of the package's, a single clip
    within .04 on average. Raises MissingPackageError.
    """
    return _dnsmos(np.clip(level(resample(wave, sample_rate), LEVEL), -1, 1))


def plcmos(speech: np.ndarray) -> float:
    """PLCMOS v2 (Diener et al. 2023) of ``(S,)`` samples at 16 kHz.

    The package draws its raters anew in every call; here they are always the same.
    """
    network = _plcmos()
    features = network.stft_transform(speech).astype(np.float32)[None, None]
    raters = np.random.default_rng(0).normal(size=(RATERS, 1, 64)).astype(np.float32)
    scores = [
        network.session.run(None, {"degraded_audio": features, "rater_embed": rater})[0]
        for rater in raters
    ]
    return float(np.mean(scores))


class DnsmosP808(Measure):
    """DNSMOS P.808 (Reddy et al. 2021), 1 to 5; higher is better. Half a second to one a clip."""

    label, higher_is_better = "DNSMOS P.808", True

    def row(self, take: EvaluationSample) -> Row | None:
        return (take.once(_opinion).dnsmos_p808,)


class DnsmosOvrl(Measure):
    """DNSMOS OVRL (Reddy et al. 2022), 1 to 5; higher is better. One run with DNSMOS P.808."""

    label, higher_is_better = "DNSMOS overall", True

    def row(self, take: EvaluationSample) -> Row | None:
        return (take.once(_opinion).dnsmos_ovrl,)


class Plcmos(Measure):
    """Of :func:`plcmos`, 1 to 5; higher is better. Tells buzzing from natural voices.

    About 0.03 s per second of audio.
    """

    label, higher_is_better = "PLCMOS", True

    def row(self, take: EvaluationSample) -> Row | None:
        return (plcmos(take.speech),)


def _opinion(take: EvaluationSample) -> Opinion:
    return _dnsmos(take.speech)


def _dnsmos(speech: np.ndarray) -> Opinion:
    network, rate = _dnsmos_network(), SPEECH_RATE
    size = int(_package("dnsmos").INPUT_LENGTH * rate)
    once = len(speech) <= size
    while len(speech) < size:
        speech = np.append(speech, speech)
    last = max(int(len(speech) // rate - _package("dnsmos").INPUT_LENGTH), 0)
    windows = [
        speech[start * rate : start * rate + size].astype(np.float32) for start in range(last + 1)
    ]
    mels = np.stack([network.audio_melspec(audio=w[:-160]) for w in windows]).astype(np.float32)
    p808 = network.p808_onnx_sess.run(None, {"input_1": mels})[0]
    few = np.unique(np.linspace(0, 0 if once else last, WINDOWS).round().astype(int))
    raw = network.onnx_sess.run(None, {"input_1": np.stack([windows[n] for n in few])})[0]
    overall = [network.get_polyfit_val(*row, False)[2] for row in raw]
    return Opinion(float(np.mean(overall)), float(np.mean(p808)))


@lru_cache(maxsize=1)
def _dnsmos_network() -> Any:
    package = _package("dnsmos")
    folder = Path(package.__file__).parent / "dnsmos_models"
    network = package.DNSMOS(str(folder / "sig_bak_ovr.onnx"), str(folder / "model_v8.onnx"))
    network.onnx_sess = _session(folder / "sig_bak_ovr.onnx")
    network.p808_onnx_sess = _session(folder / "model_v8.onnx")
    return network


@lru_cache(maxsize=1)
def _plcmos() -> Any:
    network = _package("plcmos").PLCMOS()
    network.session = _session(Path(network.model_path))
    return network


def _package(name: str) -> Any:
    return require_package(f"speechmos.{name}", name.upper())


def _session(path: Path) -> Any:
    """On as many threads as torch has here, and not on all there are."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(str(path), options)
