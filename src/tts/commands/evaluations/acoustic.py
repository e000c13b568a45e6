"""An acoustic model: what it says beside the recordings and their copies."""

import time
from typing import Any

import torch
from torch import Tensor

from tts.commands.evaluations.clips import Clip
from tts.data.dataset import SpeechDataset
from tts.metrics.alignment import boundary_errors, path_agreement
from tts.metrics.bootstrap import mean
from tts.synthesizer import Synthesizer

SYSTEMS = ("recordings", "vocoder copies", "synthesis")


def speak_all(
    data: SpeechDataset, chosen: list[int], synthesizer: Synthesizer
) -> tuple[list[Clip], dict[str, float]]:
    """Every system's clips, and the seconds of work per second of speech of ours by stage."""
    clips: list[Clip] = []
    for index in chosen:
        row = data.rows[index]
        batch = data[[index]]
        assert batch.mel is not None
        recording = data.audio(index).numpy()
        copy = synthesizer.vocoder.speak(batch.mel)[0].numpy()
        ours = synthesizer.speak_tokens(batch.tokens[0].tolist(), row.speaker, batch.mel).waveform
        what = (row.id, row.normalised, row.language)
        clips += [
            Clip(SYSTEMS[0], *what, recording),
            Clip(SYSTEMS[1], *what, copy, recording, copy=True),
            Clip(SYSTEMS[2], *what, ours, recording),
        ]
    return clips, speed(data, chosen, synthesizer)


def speed(data: SpeechDataset, chosen: list[int], synthesizer: Synthesizer) -> dict[str, float]:
    """Real-time factors of text to mel and of the vocoder: seconds of work per second of speech."""
    work = {"rtf_mel": 0.0, "rtf_vocoder": 0.0}
    seconds = 0.0
    for index in chosen[:10]:
        batch = data[[index]]
        began = time.perf_counter()
        mel = synthesizer.mel_from_tokens(
            batch.tokens[0].tolist(), data.rows[index].speaker, batch.mel
        )
        middle = time.perf_counter()
        with torch.inference_mode():
            synthesizer.vocoder(mel[None])
        work["rtf_mel"] += middle - began
        work["rtf_vocoder"] += time.perf_counter() - middle
        seconds += synthesizer.facts.contract.seconds(len(mel))
    return {name: value / seconds for name, value in work.items()}


def forced(
    data: SpeechDataset, chosen: list[int], synthesizer: Synthesizer, seed: int
) -> dict[str, Any]:
    """How well the model follows the recordings when told their durations, pitch and energy."""
    rate = synthesizer.facts.contract.frames_per_second
    mel_errors: list[float] = []
    duration_errors: list[float] = []
    agreement: list[float] = []
    boundaries: list[Tensor] = []
    for index in chosen:
        batch = data[[index]]
        with torch.inference_mode():
            output = synthesizer.model(batch)
        mel_errors.append(float((output.mel - batch.mel).abs().mean()))
        error = output.prosody.log_duration.exp() - output.targets.durations
        duration_errors.append(float(error.abs().mean()))
        if output.log_attention is not None:
            attention = output.log_attention.exp()
            durations = output.targets.durations
            agreement.append(
                float(path_agreement(attention, durations, batch.frame_lengths, tolerance=1))
            )
            if batch.durations is not None:  # the corpus brings the truth
                lengths = batch.token_lengths
                boundaries.append(boundary_errors(durations, batch.durations, lengths, rate))
    values: dict[str, Any] = {
        "mel_l1": mean(mel_errors, seed),
        "duration_error_frames": mean(duration_errors, seed),
    }
    if agreement:
        values["frames_within_1_of_path"] = mean(agreement, seed)
    if boundaries:
        values["boundary_error_ms"] = float(torch.cat(boundaries).median())
    return values
