"""Synthetic corpora: hums whose length fits their text."""

from pathlib import Path

import numpy as np
import soundfile

RATE = 22050
TEXTS = (
    "the cat sat on the mat",
    "a dog ran home again",
    "rain fell on the old roof",
    "she read the long letter",
    "they walked along the river",
    "no one saw the small boat",
)


def hum(text: str, seed: int = 0) -> np.ndarray:
    """Synthesize about 12 characters per second, with silence before and after."""
    length = int(len(text) / 12 * RATE)
    generator = np.random.default_rng(seed)
    time = np.arange(length) / RATE
    pitch = 140 + 20 * np.sin(5 * time + seed)
    wave = sum(0.2 / k * np.sin(k * 2 * np.pi * np.cumsum(pitch) / RATE) for k in range(1, 8))
    wave = wave * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time)) + generator.normal(0, 1e-4, length)
    silence = np.zeros(RATE // 5)
    return np.concatenate([silence, wave, silence]).astype(np.float32)


def ljspeech(folder: Path, texts: tuple[str, ...] = TEXTS, form: str = "id|text") -> Path:
    """Write a folder in the LJ Speech format."""
    (folder / "wavs").mkdir(parents=True)
    lines = []
    for number, text in enumerate(texts):
        name = f"clip-{number:03d}"
        soundfile.write(folder / "wavs" / f"{name}.wav", hum(text, number), RATE)
        values = {
            "id": name, "text": text, "normalized": text, "speaker": ("ann", "bob")[number % 2],
        }  # fmt: skip
        lines.append("|".join(values[column] for column in form.split("|")))
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
