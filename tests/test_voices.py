"""Voices that ship with the project: size, card, intelligibility, default use."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from processes import command

from tts.checkpoint import load_run, save_voice
from tts.errors import UserError
from tts.metrics.evaluation_sample import EvaluationSample
from tts.metrics.intelligibility import Recognizer, count_errors
from tts.metrics.phone_error import PhoneErrorRate
from tts.synthesizer import OWN_VOICE, Synthesizer
from tts.text.phonemes import EspeakPhonemizer

VOICES = OWN_VOICE.parent
TEXTS = (
    "Most of the ships in the harbour had been painted twice.",
    "She left her keys on the kitchen table again this morning.",
    "Seven people were waiting for the last train to the coast.",
    "The old bridge was closed because of the heavy rain.",
    "Nobody remembered who had written the letter.",
)
# what the recognizer could confuse them with
OTHERS = (
    "Must of the chips in the harder head bean pointed wise.",
    "He lift her knees in the chicken stable against this warning.",
    "Several people war wanting far the lost rain to the cost.",
    "The bold fridge was clothes be cause off a heavy train.",
    "No body remember how had ridden the ladder.",
)


@pytest.mark.parametrize(
    ("name", "speaker"),
    [
        ("lj", "lj"),
        ("kathleen", "kathleen"),
        ("kathleen_codes", "kathleen"),
        ("many", "lj"),
        ("kathleen_autoregressive", "kathleen"),
    ],
)
def test_a_voice_is_intelligible(name: str, speaker: str) -> None:
    pytest.importorskip("pocketsphinx")
    voice = Synthesizer.load(VOICES / name)
    assert speaker in voice.facts.speakers
    recognizer = Recognizer([*TEXTS, *OTHERS])
    wrong = words = 0
    for text in TEXTS:
        speech = voice.speak(text, speaker=speaker, seed=1)
        assert 0.2 < len(speech.waveform) / speech.sample_rate / len(text.split()) < 0.6
        errors = count_errors(text, recognizer(speech.waveform, speech.sample_rate))
        wrong, words = wrong + errors.word_errors, words + errors.reference_words
    assert wrong / words < 0.15


def test_a_voice_speaks_every_language_that_it_was_trained_on() -> None:
    voice = Synthesizer.load(VOICES / "many")
    texts = {
        "de": "Guten Morgen.", "nl": "Goedemorgen.", "ru": "Доброе утро.", "fr-fr": "Bonjour.",
        "es-419": "Buenos días.", "it": "Buongiorno.", "en-us": "Good morning.",
    }  # fmt: skip
    assert set(voice.facts.languages) == set(texts)
    for language, text in texts.items():
        speech = voice.speak(text, language=language, speaker="kerstin", seed=1)
        assert 0.4 < len(speech.waveform) / speech.sample_rate < 3, language


@pytest.mark.parametrize(("speaker", "language"), [("kerstin", "de"), ("carlo", "it")])
def test_the_recognizer_hears_missing_words_in_other_languages(speaker: str, language: str) -> None:
    voice, measure = Synthesizer.load(VOICES / "many"), PhoneErrorRate()
    texts = {
        "de": "Bitte sprechen Sie nach dem Ton. Wir rufen morgen wieder an. Es wird besser.",
        "it": "Buongiorno, la preghiamo di attendere. Il numero non è corretto. Prema il due.",
    }
    wave = voice.speak(texts[language], speaker=speaker, language=language, seed=1).waveform

    def errors(samples: np.ndarray, text: str) -> float:
        sample = EvaluationSample(samples, voice.facts.contract, text, language)
        edits, phones = measure.statistics(sample) or (0, 1)
        return edits / phones

    right = errors(wave, texts[language])
    assert right < 0.5
    assert errors(wave[: len(wave) // 2], texts[language]) > right + 0.1
    others = texts[language].split(". ")[::-1]
    assert errors(wave, ". ".join(others)) > right + 0.2


@pytest.mark.parametrize(
    "name",
    [
        "lj",
        "kathleen",
        "kathleen_codes",
        "kathleen_autoregressive",
        "many",
        "codec_small",
        "phones",
    ],
)
def test_a_voice_is_small_and_has_a_card(name: str) -> None:
    folder = VOICES / name
    assert sum(path.stat().st_size for path in folder.iterdir()) < 17e6
    about = json.loads((folder / "voice.json").read_text())["about"]
    assert about["data"]
    assert about["license"]
    assert "Scores" in (folder / "README.md").read_text()


def test_synthesis_needs_only_a_text(tmp_path: Path) -> None:
    command("synthesize.py", "text=Good morning, everybody.", f"out={tmp_path}/x.wav")
    assert 0.8 < soundfile.info(tmp_path / "x.wav").duration < 4


def test_a_voice_of_a_foreign_phonemizer_needs_it_as_an_argument(tmp_path: Path) -> None:
    run = load_run(OWN_VOICE)
    assert run.frontend is not None
    foreign = run._replace(frontend=run.frontend | {"phonemizer": "elsewhere.Phonemizer"})
    save_voice(foreign, tmp_path / "voice", {})
    with pytest.raises(UserError, match=r"phonemizer=\{_target_: elsewhere\.Phonemizer\}"):
        Synthesizer.load(tmp_path / "voice")
    voice = Synthesizer.load(tmp_path / "voice", phonemizer=EspeakPhonemizer())
    same = Synthesizer.load().speak("Hello.", seed=1).waveform
    assert np.abs(voice.speak("Hello.", seed=1).waveform - same).max() < 1e-2
    command(
        "synthesize.py", f"run={tmp_path}/voice", "text=Hello.", f"out={tmp_path}/a.wav",
        "phonemizer={_target_: tts.text.phonemes.EspeakPhonemizer}",
    )  # fmt: skip


@pytest.mark.parametrize("device", ["abacus", "cuda:99"])
def test_a_missing_device_is_one_clear_error(device: str) -> None:
    with pytest.raises(UserError, match=f"device={device}"):
        Synthesizer.load(device=device)


def test_calls_have_their_own_random_numbers() -> None:
    state = torch.get_rng_state()
    voice = Synthesizer.load()

    def speak(seed: int | None) -> bytes:
        return voice.speak("Hi.", prosody_temperature=1.0, seed=seed).waveform.tobytes()

    assert speak(None) != speak(None)
    alone = [speak(1), speak(2)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(speak, [1, 2] * 4))
    assert together == alone * 4
    assert torch.equal(torch.get_rng_state(), state)
