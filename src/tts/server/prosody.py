"""Prosody, timings and mel of a synthesized sentence as plain data, for the page."""

import base64
import math
from functools import lru_cache

import torch
from torch import Tensor

from tts.audio.mel import mel_filters
from tts.contract import MelContract
from tts.synthesizer import SynthesizedSentence, Synthesizer
from tts.text.word_spans import phone_spans

DECIBELS = 20 / math.log(10)  # per unit of a natural log


def describe_sentence(
    voice: Synthesizer, sentence: SynthesizedSentence, speaker: str | None
) -> dict[str, object]:
    """Return text, symbols in phones, and what the model gave each symbol: seconds, Hz and dB.

    ``seconds``, ``pitch`` and ``energy`` are None where the model does not predict them.
    """
    return {
        "text": sentence.text,
        "normalized": sentence.normalized,
        "language": sentence.language,
        "symbols": list(sentence.symbols),
        "phones": _phones(sentence),
        **_prosody(voice, sentence, speaker),
        "pause": sentence.pause,
        "words": _words(voice, sentence),
        "notes": [*sentence.skipped, *sentence.notes],
        "left_out": list(sentence.unknown),
    }


def describe_mel(voice: Synthesizer, sentence: SynthesizedSentence) -> dict[str, object]:
    """Return the mel as bytes in base64, band after band within a frame, scaled to its range."""
    mel = voice.mel_of(sentence.features)
    low, high = float(mel.min()), float(mel.max())
    scaled = ((mel - low) / max(high - low, 1e-6) * 255).round().to(torch.uint8)
    contract = voice.facts.contract
    return {
        "mel": {
            "frames": len(mel),
            "bands": mel.shape[1],
            "frame_seconds": contract.hop / contract.sample_rate,
            "band_hz": _band_centers(contract),
            "data": base64.b64encode(scaled.cpu().numpy().tobytes()).decode(),
        }
    }


def _prosody(
    voice: Synthesizer, sentence: SynthesizedSentence, speaker: str | None
) -> dict[str, object]:
    facts = voice.facts
    statistics = facts.statistics[facts.speaker_index(speaker)]
    seconds = pitch = energy = None
    if sentence.durations is not None:
        seconds = _rounded(sentence.durations * sentence.frame_seconds, 5)
    if sentence.pitch is not None:
        pitch = _rounded((statistics.pitch_mean + statistics.pitch_std * sentence.pitch).exp(), 2)
    if sentence.energy is not None:
        log_energy = statistics.energy_mean + statistics.energy_std * sentence.energy
        energy = _rounded(log_energy * DECIBELS, 2)
    return {"seconds": seconds, "pitch": pitch, "energy": energy}


def _phones(sentence: SynthesizedSentence) -> list[dict[str, object]]:
    """Return the symbols in groups: a phone with its stress and length, or one silent symbol."""
    phonemes, symbols = sentence.phonemes, sentence.symbols
    spans = [(begin, end, False) for begin, end in phone_spans(phonemes, 0, len(phonemes))]
    covered = {number for begin, end, _ in spans for number in range(begin, end)}
    rest = [(n, n + 1, True) for n in range(len(phonemes)) if n not in covered]
    return [
        {"text": "".join(symbols[begin:end]), "begin": begin, "end": end, "silent": silent}
        for begin, end, silent in sorted(spans + rest)
    ]


def _words(voice: Synthesizer, sentence: SynthesizedSentence) -> list[dict[str, object]] | None:
    """Return words and phones with start and end in seconds from the sentence's beginning."""
    if sentence.durations is None:
        return None
    [timing] = voice.timings([sentence])
    return [
        {"word": w.text, "start": round(w.start, 5), "end": round(w.end, 5)} for w in timing.words
    ]


@lru_cache(maxsize=16)
def _band_centers(contract: MelContract) -> list[float]:
    """Return the center of each mel band in Hz."""
    filters = mel_filters(contract, torch.zeros(()))
    hz = torch.linspace(0, contract.sample_rate / 2, filters.shape[1])
    # a band narrower than a bin of the STFT has no weight
    centers = (filters * hz).sum(-1) / filters.sum(-1).clamp(min=1e-9)
    return _rounded(centers, 1)


def _rounded(values: Tensor, digits: int) -> list[float]:
    return [round(value, digits) for value in values.tolist()]
