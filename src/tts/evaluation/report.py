"""The evaluation as ``report.json``, and as one page that opens from disk: ``report.html``."""

import base64
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch

from tts.audio.mel import MelContract, mel_spectrogram
from tts.data.store import write_json, write_text
from tts.evaluation.html_report import AudioClip, render
from tts.evaluation.systems import Spoken

WORST_BY = ("wer", "pesq", "dnsmos_p808", "mcd")  # the first that was measured decides


def write_report(
    result: dict[str, Any],
    spoken: Spoken,
    contract: MelContract,
    folder: Path,
    count: int,
    by: str | None,
) -> list[Path]:
    """Both files; the ``count`` sentences that the baseline says worst are there to be heard."""
    worst, by = _worst(result, count, by)
    clips = {
        (sentence, system.name): _clip(wave, contract)
        for number, sentence in enumerate(s.id for s in spoken.sentences)
        if sentence in worst
        for system in spoken.systems
        if (wave := system.waves[number]) is not None
    }
    numbers = plain(result)
    files = [folder / "report.json", folder / "report.html"]
    folder.mkdir(parents=True, exist_ok=True)
    write_json(files[0], numbers)
    write_text(files[1], render(numbers, worst, by, clips))
    return files


def _worst(result: dict[str, Any], count: int, by: str | None) -> tuple[list[str], str | None]:
    """Ids of the sentences that the baseline says worst, and by which measure."""
    known = result["measures"]
    own = [s for s in result["sentences"] if s["system"] == result["baseline"]]
    # copies have measures that what is spoken anew has not
    of_own = [name for name in (*WORST_BY, *known) if any(name in s["values"] for s in own)]
    if by is not None and by not in of_own:
        print(f"worst_by={by} is not measured of {result['baseline']}: {of_own[:1]} decides")
        by = None
    by = by or next(iter(of_own), None)
    if by is None:
        return [s["id"] for s in own[:count]], None
    sign = -1 if known[by]["better"] == "lower" else 1
    measured = [s for s in own if by in s["values"]]
    return [s["id"] for s in sorted(measured, key=lambda s: sign * s["values"][by])[:count]], by


def plain(value: Any) -> Any:
    """What JSON can hold: nan becomes null, an estimate a list."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _clip(wave: np.ndarray, contract: MelContract) -> AudioClip:
    sound = io.BytesIO()
    soundfile.write(sound, np.clip(wave, -1, 1), contract.sample_rate, format="FLAC")
    seconds = len(wave) / contract.sample_rate
    return AudioClip(
        _url("audio/flac", sound), _url("image/png", _picture(wave, contract)), seconds
    )


def _picture(wave: np.ndarray, contract: MelContract) -> io.BytesIO:
    """A pixel per frame and band."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.image import imsave

    mel = mel_spectrogram(torch.from_numpy(wave), contract).numpy().T
    picture = io.BytesIO()
    # the same shade for the same loudness in every picture
    imsave(picture, mel, cmap="magma", origin="lower", vmin=math.log(contract.floor), vmax=2.0)
    return picture


def _url(kind: str, content: io.BytesIO) -> str:
    return f"data:{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
