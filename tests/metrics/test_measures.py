"""Every measure is a torchmetrics Metric, is left out where it cannot be had, and has its unit."""

import logging
import math
import pickle

import numpy as np
import pytest
import torch
from fakes import composed
from hydra.utils import instantiate

from tts.audio.mel import MelContract
from tts.metrics.duration import DurationError, SpeakingRate, seconds_of_speech
from tts.metrics.evaluation_sample import EvaluationSample, trim
from tts.metrics.measure import Measure, score
from tts.metrics.optional_packages import MissingPackageError, say_once
from tts.metrics.similarity import SpeakerSimilarity, embed_speaker, speaker_encoder
from tts.metrics.snr import mel_snr
from tts.metrics.stoi import Stoi

CONTRACT = MelContract()
RATE = CONTRACT.sample_rate
PUBLISHED = (180, 0.2206)  # of a tone: the largest number of the embedding, and where it is


def said(text: str, voice: str) -> np.ndarray:
    from tts.text import espeak

    with espeak.private() as library:
        speech = library.synthesize(text, "en-us", voice, 150)
    assert speech.sample_rate == RATE
    return speech.samples


@pytest.fixture(scope="module")
def harbour() -> np.ndarray:
    return said("The harbour was full of painted ships.", "f3")


def everything() -> dict[str, Measure]:
    return {name: instantiate(node) for name, node in composed("evaluate").metrics.items()}


def test_every_measure_says_what_it_is() -> None:
    for name, measure in everything().items():
        assert measure.label, name
        assert measure.__doc__, name
        assert measure.unit in ("", "%", "dB", "st"), name
        assert pickle.loads(pickle.dumps(measure)).label == measure.label, "workers are sent it"


def test_a_copy_is_better_than_a_noisy_one_in_every_measure(harbour: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(0, 1, len(harbour)).astype(np.float32)
    reference = EvaluationSample(harbour, CONTRACT)
    takes = [
        EvaluationSample(harbour + size * noise, CONTRACT, reference=reference, aligned=True)
        for size in (1e-4, 3e-2)
    ]
    measures = everything()
    clean, noisy = (score(take, measures) for take in takes)
    compared = 0
    for name, measure in measures.items():
        if measure.higher_is_better is None or clean[name] is None or noisy[name] is None:
            continue
        better, worse = (float(measure.finish(np.array(r[name]))) for r in (clean, noisy))
        if name in ("duration_error", "plcmos"):
            continue  # noise takes no time, and is not what PLCMOS listens for
        assert (better > worse) == measure.higher_is_better, (name, better, worse)
        compared += 1
    assert compared >= 8


def test_a_recording_beside_itself_is_perfect(harbour: np.ndarray) -> None:
    take = EvaluationSample(harbour, CONTRACT, reference=EvaluationSample(harbour, CONTRACT))
    perfect = {
        "mcd": 0.0, "f0_rmse": 0.0, "f0_correlation": 1.0, "voicing_error": 0.0,
        "global_variance": 0.0, "duration_error": 0.0, "speaking_rate": 0.0, "similarity": 1.0,
    }  # fmt: skip
    for name, measure in everything().items():
        if name in perfect:
            measure.update(take)
            assert float(measure.compute()) == pytest.approx(perfect[name], abs=1e-5), name


def test_updates_are_a_mean_and_states_add_up_over_ranks() -> None:
    class Length(Measure):
        label = "length"

        def row(self, take: EvaluationSample) -> tuple[float, ...] | None:
            return (float(len(take.wave)),) if len(take.wave) else None

    takes = [EvaluationSample(np.zeros(n), CONTRACT) for n in (2, 4, 0, 9)]
    together, ranks = Length(), [Length(), Length(), Length()]
    assert math.isnan(together.compute())
    for take in takes:
        together.update(take)
    for rank, share in zip(ranks, (takes[:1], takes[1:], []), strict=True):
        for take in share:
            rank.update(take)
    ranks[0].total = torch.stack([rank.total for rank in ranks]).sum(0)
    ranks[0].count = torch.stack([rank.count for rank in ranks]).sum(0)
    assert float(together.compute()) == float(ranks[0].compute()) == 5.0
    together.reset()
    assert math.isnan(together.compute())


def test_what_is_missing_is_said_once_and_counts_for_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, harbour: np.ndarray
) -> None:
    def missing(name: str, metric: str) -> None:
        raise MissingPackageError(f"{metric} needs the package {name}")

    monkeypatch.setattr("tts.metrics.stoi.require_package", missing)
    say_once.cache_clear()
    measure = Stoi()
    take = EvaluationSample(
        harbour, CONTRACT, reference=EvaluationSample(harbour, CONTRACT), aligned=True
    )
    with caplog.at_level(logging.WARNING):
        measure.update(take)
        measure.update(take)
    assert math.isnan(measure.compute())
    assert [r.message for r in caplog.records] == [
        "STOI is left out: STOI needs the package pystoi"
    ]


def test_stoi_is_the_published_one(harbour: np.ndarray) -> None:
    pystoi = pytest.importorskip("pystoi", reason="the metrics extra is not installed")
    contract = MelContract(sample_rate=16000)  # no resampling between
    noisy = harbour + np.random.default_rng(0).normal(0, 0.05, len(harbour)).astype(np.float32)
    for extended in (False, True):
        measure = Stoi(extended=extended)
        measure.update(
            EvaluationSample(
                noisy, contract, reference=EvaluationSample(harbour, contract), aligned=True
            )
        )
        expected = pystoi.stoi(harbour, noisy, 16000, extended=extended)
        assert float(measure.compute()) == pytest.approx(expected, abs=1e-6)


def test_a_signal_to_noise_ratio_is_in_decibels_and_blind_to_loudness() -> None:
    random = np.random.default_rng(0)
    mel = random.normal(size=(200, 80))
    noise = random.normal(size=(200, 80)) / 10
    assert mel_snr(mel + noise, mel) == pytest.approx(20.0, abs=0.3)
    assert mel_snr(mel + noise + 7.0, mel) == pytest.approx(mel_snr(mel + noise, mel))


def test_a_pause_makes_it_longer_and_not_slower(harbour: np.ndarray) -> None:
    middle = len(harbour) // 2
    pause = np.zeros(RATE // 2, dtype=np.float32)
    paused = np.concatenate([harbour[:middle], pause, harbour[middle:]])
    reference = EvaluationSample(harbour, CONTRACT)
    take = EvaluationSample(paused, CONTRACT, reference=reference)
    longer, faster = DurationError(), SpeakingRate()
    longer.update(take)
    faster.update(take)
    expected = 100 * 0.5 / (len(trim(harbour, RATE)) / RATE)
    assert float(longer.compute()) == pytest.approx(expected, abs=1.0)
    assert abs(float(faster.compute())) < 3
    # half the samples of every stretch: twice as fast
    quick = EvaluationSample(harbour[::2].copy(), CONTRACT, reference=reference)
    assert seconds_of_speech(quick) == pytest.approx(seconds_of_speech(reference) / 2, rel=0.1)


def test_a_voice_is_nearer_to_itself_than_to_another() -> None:
    one = said("The harbour was full of painted ships.", "f3")
    same = said("Nobody knew when the rain would stop.", "f3")
    other = said("Nobody knew when the rain would stop.", "m2")
    reference = EvaluationSample(one, CONTRACT)

    def similarity(wave: np.ndarray) -> float:
        measure = SpeakerSimilarity()
        measure.update(EvaluationSample(wave, CONTRACT, reference=reference))
        return float(measure.compute())

    assert similarity(same) > similarity(other) + 0.05
    assert similarity(same / 8) == pytest.approx(similarity(same), abs=1e-4)


def test_the_encoder_hears_windows_of_any_length() -> None:
    for seconds in (0.1, 1.6, 1.7, 5.0):
        noise = np.random.default_rng(0).normal(0, 0.1, int(16000 * seconds)).astype(np.float32)
        voice = embed_speaker(noise)
        assert voice.shape == (256,)
        assert np.linalg.norm(voice) == pytest.approx(1.0, abs=1e-5)
    # held to the public implementation (Resemblyzer 0.1.4) on a tone, within half precision
    tone = (0.1 * np.sin(2 * np.pi * 220 * np.arange(40000) / 16000)).astype(np.float32)
    with torch.inference_mode():
        found = speaker_encoder()(torch.from_numpy(tone))
    assert found.argmax().item() == PUBLISHED[0]
    assert found.max().item() == pytest.approx(PUBLISHED[1], abs=2e-3)
