"""A vocoder: its copies of recordings beside Griffin-Lim's."""

import time
from typing import Any

from tts.checkpoint import Run
from tts.commands.evaluations.clips import Clip
from tts.data.dataset import SpeechDataset
from tts.losses.waveform import MultiResolutionSTFT, WaveMelLoss
from tts.metrics.bootstrap import mean
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.load import load_vocoder
from tts.vocoders.vocoder import Vocoder

SYSTEMS = ("recordings", "griffin-lim copies", "vocoder copies")


def copy_all(
    data: SpeechDataset, chosen: list[int], run: Run, iterations: int, seed: int
) -> tuple[list[Clip], dict[str, Any]]:
    """Recordings and their copies by Griffin-Lim and by a vocoder; how far the copies are."""
    contract = run.contract
    vocoders: dict[str, Vocoder] = {
        SYSTEMS[1]: GriffinLim(contract, iterations),
        SYSTEMS[2]: load_vocoder(contract, run.path),
    }
    mel, stft = WaveMelLoss(contract.sample_rate), MultiResolutionSTFT()
    clips: list[Clip] = []
    found: dict[str, list[float]] = {}
    seconds = 0.0
    spent = dict.fromkeys(vocoders, 0.0)
    for index in chosen:
        row = data.rows[index]
        real, audio = data.clip(index, 0, data.rows[index].frames)
        clips.append(Clip(SYSTEMS[0], row.id, row.normalised, row.language, audio.numpy()))
        seconds += contract.seconds(len(real))
        for name, vocoder in vocoders.items():
            began = time.perf_counter()
            wave = vocoder.speak(real[None])
            spent[name] += time.perf_counter() - began
            for measure, loss in (("mel", mel), ("stft", stft)):
                distance = float(loss.distance(wave, audio[None]))
                found.setdefault(f"{measure} distance, {name}", []).append(distance)
            copy = wave[0].numpy()
            clips.append(
                Clip(
                    name,
                    row.id,
                    row.normalised,
                    row.language,
                    copy,
                    reference=audio.numpy(),
                    copy=True,
                )
            )
    measured: dict[str, Any] = {name: mean(values, seed) for name, values in found.items()}
    measured |= {f"real-time factor, {name}": time / seconds for name, time in spent.items()}
    return clips, measured
