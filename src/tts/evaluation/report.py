"""Report files of an evaluation: ``report.json``, and ``report.html`` with audio and mels."""

import base64
import io
import math
from pathlib import Path

import numpy as np
import soundfile
import torch

from tts.audio.frequency_axis import mel_axis
from tts.audio.mel import mel_spectrogram
from tts.contract import MelContract
from tts.evaluation.html_report import render
from tts.evaluation.report_clips import AudioClip
from tts.evaluation.summary import Report
from tts.evaluation.systems import EvaluationSet
from tts.files import write_json, write_text

SHOWN = ("0", "0.5", "1", "2", "4", "8", "12")  # kHz, as many as fit beside a picture
WORST_BY = ("wer", "pesq", "dnsmos_p808", "mcd")  # the first one measured ranks the sentences


def write_report(
    report: Report,
    data: EvaluationSet,
    contract: MelContract,
    folder: Path,
    count: int,
    worst_by: str | None,
) -> list[Path]:
    """Write both files and return their paths.

    The page has audio and mels of the ``count`` sentences with the worst ``worst_by`` (None: the
    first of WORST_BY that was measured) in the baseline.
    """
    worst, worst_by = _worst(report, count, worst_by)
    clips = {
        (sentence, system.name): _clip(wave, contract)
        for index, sentence in enumerate(s.id for s in data.sentences)
        if sentence in worst
        for system in data.systems
        if (wave := system.waves[index]) is not None
    }
    files = [folder / "report.json", folder / "report.html"]
    write_json(files[0], to_json(report))
    axis = mel_axis(contract)
    places = [place / contract.bands for place in axis.positions]
    frequencies = [tick for tick in zip(places, axis.labels, strict=True) if tick[1] in SHOWN]
    write_text(files[1], render(report, worst, worst_by, clips, frequencies))
    return files


def _worst(report: Report, count: int, worst_by: str | None) -> tuple[list[str], str | None]:
    """Return the ids of the baseline's worst sentences, and the measure that ranks them."""
    measures, baseline = report["measures"], report["baseline"]
    sentences = [s for s in report["sentences"] if s["system"] == baseline]
    # some measures exist for copies only, so the baseline may have none of them
    measured = [
        name for name in (*WORST_BY, *measures) if any(name in s["values"] for s in sentences)
    ]
    if worst_by is not None and worst_by not in measured:
        print(f"worst_by={worst_by} is not measured for {baseline}; using {measured[:1]}")
        worst_by = None
    name = worst_by or next(iter(measured), None)
    if name is None:
        return [s["id"] for s in sentences[:count]], None
    sign = -1 if measures[name]["better"] == "lower" else 1
    ranked = sorted(
        (s for s in sentences if name in s["values"]), key=lambda s: sign * s["values"][name]
    )
    return [s["id"] for s in ranked[:count]], name


def to_json(value: object) -> object:
    """Return plain JSON data: NaN and infinity become null, tuples become lists."""
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _clip(wave: np.ndarray, contract: MelContract) -> AudioClip:
    audio = io.BytesIO()
    soundfile.write(audio, np.clip(wave, -1, 1), contract.sample_rate, format="FLAC")
    seconds = len(wave) / contract.sample_rate
    image = _mel_image(wave, contract)
    return AudioClip(_data_url("audio/flac", audio), _data_url("image/png", image), seconds)


def _mel_image(wave: np.ndarray, contract: MelContract) -> io.BytesIO:
    """Return a PNG with one pixel per frame and band."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.image import imsave

    mel = mel_spectrogram(torch.from_numpy(wave), contract).numpy().T
    image = io.BytesIO()
    # one color scale for all images of a report
    imsave(image, mel, cmap="magma", origin="lower", vmin=math.log(contract.floor), vmax=2.0)
    return image


def _data_url(media_type: str, content: io.BytesIO) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content.getvalue()).decode()}"
