"""Figures of docs/concepts.md and sound samples of docs/README.md: ``python docs/site/figures.py``.

``--recording FILE`` draws the vocoder's figure of a recording, else of a spoken sentence.
"""

import argparse
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import soundfile
import torch

from tts.audio.frequency_axis import mel_axis
from tts.audio.mel import mel_spectrogram
from tts.audio.pitch import estimate_pitch
from tts.callbacks.support.plots import alignment_figure, mel_figure, pitch_figure
from tts.controls import SynthesisControls
from tts.modules.context import Context
from tts.modules.conv import ConvCore
from tts.modules.mamba import MambaCore
from tts.modules.mamba_conv import MambaConv
from tts.synthesizer import Synthesizer
from tts.vocoders.griffin_lim import GriffinLim

DOCS = Path(__file__).parents[1]
TEXT = "Most of the ships in the harbour had been painted twice."
BLUE, ORANGE, GREEN, GRAY = "#3b6fb6", "#d9822b", "#2f8f5b", "#888888"


def save(figure: plt.Figure, name: str) -> None:
    figure.savefig(DOCS / "figures" / f"{name}.png", dpi=110)
    plt.close(figure)
    print(DOCS / "figures" / f"{name}.png")


def adaptor(voice: Synthesizer) -> None:
    """Pitch and durations of a sentence with three settings."""
    contract = voice.facts.contract
    figure, axes = plt.subplots(
        3, 1, figsize=(9, 6), sharex=True, sharey=True, layout="constrained"
    )
    settings = {"default": {}, "pitch=4": {"pitch": 4.0}, "rate=0.8 pitch_range=1.6": {
        "rate": 0.8, "pitch_range": 1.6}}  # fmt: skip
    for axis, (name, controls) in zip(axes, settings.items(), strict=True):
        [one] = voice.sentences(TEXT, seed=1, controls=SynthesisControls(**controls))
        pitch = estimate_pitch(one.waveform, contract)
        seconds = (np.arange(len(pitch)) + 0.5) / contract.frames_per_second
        axis.plot(seconds, np.where(pitch > 0, pitch, np.nan), color=BLUE, linewidth=1.8)
        ends = np.cumsum(one.durations) / contract.frames_per_second
        starts = np.concatenate([[0], ends[:-1]])
        for n, (symbol, start, end) in enumerate(zip(one.phonemes, starts, ends, strict=True)):
            axis.axvline(start, color=GRAY, linewidth=0.4, alpha=0.5)
            axis.text((start + end) / 2, (73, 80)[n % 2], symbol, ha="center", fontsize=8)
        axis.set(ylabel="F0, Hz", ylim=(70, 330), yscale="log")
        axis.set_yticks([100, 150, 200, 300], ["100", "150", "200", "300"])
        axis.minorticks_off()
        axis.set_title(name, loc="left", fontsize=10)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel("s")
    save(figure, "adaptor")


def mamba() -> None:
    """Influence of one input frame on the output frames of each mixer."""
    torch.manual_seed(3)
    dim, frames, at = 64, 121, 60
    mixers = {
        "scan (forward)": MambaCore(dim),
        "convolutions (backward)": ConvCore(dim, direction="anticausal"),
        "mamba_conv (both)": MambaConv(dim, partial(MambaCore), partial(ConvCore)),
    }
    context = Context(torch.ones(1, frames, dtype=torch.bool))
    figure, axis = plt.subplots(figsize=(9, 3), layout="constrained")
    for (name, mixer), color in zip(mixers.items(), (BLUE, ORANGE, GREEN), strict=True):
        x = torch.randn(64, frames, dim)
        changed = x.clone()
        changed[:, at] += torch.randn(64, dim)
        context = Context(torch.ones(64, frames, dtype=torch.bool))
        with torch.no_grad():
            difference = (mixer.eval()(changed, context) - mixer(x, context)).norm(dim=-1).mean(0)
        axis.semilogy(
            np.arange(frames) - at, difference / difference.max(), color=color, label=name
        )
    axis.set(xlabel="output frame, relative to the changed input frame", ylabel="change",
             ylim=(1e-4, 2), xlim=(-60, 60))  # fmt: skip
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    save(figure, "mamba")


def flow() -> None:
    """Paths of the exact velocity from noise to two values, with Euler steps."""
    values, spread = np.array([-1.5, 1.5]), 0.12

    def velocity(x: np.ndarray, t: float) -> np.ndarray:
        # x_t = t x_1 + (1 - t) x_0 with x_1 near one of the values and x_0 of unit variance
        variance = (t * spread) ** 2 + (1 - t) ** 2
        logits = -((x[:, None] - t * values) ** 2) / (2 * variance)
        weight = np.exp(logits - logits.max(1, keepdims=True))
        weight /= weight.sum(1, keepdims=True)
        gain = (t * spread**2 - (1 - t)) / variance
        return (weight * (values + gain * (x[:, None] - t * values))).sum(1)

    noise = np.random.default_rng(0).standard_normal(60)
    figure, axes = plt.subplots(1, 4, figsize=(10, 3), sharey=True, layout="constrained")
    for axis, steps in zip(axes, (1, 2, 4, 16), strict=True):
        paths = [noise]
        for step in range(steps):
            paths.append(paths[-1] + velocity(paths[-1], step / steps) / steps)
        axis.plot(np.linspace(0, 1, steps + 1), paths, color=BLUE, linewidth=0.5, alpha=0.6)
        axis.plot(np.ones(60), paths[-1], ".", color=ORANGE, markersize=4)
        axis.hlines(values, 0, 1.05, color=GRAY, linewidth=0.8, linestyle="--")
        axis.set_title(f"{steps} step{'s' * (steps > 1)}", fontsize=10)
        axis.set_xlabel("time: noise to data")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("value")
    save(figure, "flow")


def vocoder(voice: Synthesizer, wave: np.ndarray) -> None:
    """A mel and a few milliseconds of the waveforms made of it."""
    contract = voice.facts.contract
    mel = mel_spectrogram(torch.from_numpy(wave), contract)
    made = {"recording": wave}
    with torch.no_grad():
        made["Griffin-Lim"] = GriffinLim(contract)(mel[None])[0].numpy()
        made["Vocos"] = voice.vocoder(mel[None])[0].numpy()
    figure, axes = plt.subplots(
        4, 1, figsize=(9, 7), layout="constrained", height_ratios=[2, 1, 1, 1]
    )
    axes[0].imshow(mel.T, origin="lower", aspect="auto", cmap="magma",
                   extent=(0, len(wave) / contract.sample_rate, 0, contract.bands))  # fmt: skip
    axes[0].set_yticks(*mel_axis(contract))
    axes[0].set(xlabel="s", ylabel="kHz", title="mel")
    start = int(0.35 * len(wave))
    window = slice(start, start + round(0.03 * contract.sample_rate))
    for axis, (name, samples) in zip(axes[1:], made.items(), strict=True):
        axis.plot(1000 * np.arange(window.stop - window.start) / contract.sample_rate,
                  samples[window], color=BLUE, linewidth=0.9)  # fmt: skip
        axis.set_title(name, loc="left", fontsize=10)
        axis.set_yticks([])
        axis.spines[["top", "right", "left"]].set_visible(False)
    axes[-1].set_xlabel("ms")
    save(figure, "vocoder")


def codec() -> None:
    """Residual quantization of points in a plane by k-means codebooks."""
    random = np.random.default_rng(4)
    angle = random.uniform(0, 2 * np.pi, 1000)
    points = np.stack([np.cos(angle), 0.6 * np.sin(2 * angle)], 1) + 0.08 * random.standard_normal(
        (1000, 2)
    )
    rest, quantized = points.copy(), np.zeros_like(points)
    figure, axes = plt.subplots(
        1, 3, figsize=(10, 3.2), sharex=True, sharey=True, layout="constrained"
    )
    for number, axis in enumerate(axes, 1):
        book = rest[random.choice(len(rest), 8, replace=False)]
        for _ in range(30):
            nearest = ((rest[:, None] - book) ** 2).sum(-1).argmin(1)
            book = np.stack(
                [rest[nearest == k].mean(0) if (nearest == k).any() else book[k] for k in range(8)]
            )
        nearest = ((rest[:, None] - book) ** 2).sum(-1).argmin(1)
        quantized, rest = quantized + book[nearest], rest - book[nearest]
        axis.plot(*points.T, ".", color=GRAY, markersize=2, alpha=0.5)
        axis.plot(*np.unique(quantized, axis=0).T, ".", color=ORANGE, markersize=5)
        error = np.sqrt((rest**2).sum(1).mean())
        axis.set_title(
            f"{number} codebook{'s' * (number > 1)}, {3 * number} bits: error {error:.3f}",
            fontsize=10,
        )
        axis.spines[["top", "right"]].set_visible(False)
    save(figure, "codec")


def teacher_forced(run_path: str, corpus: str, index: int) -> None:
    """Alignment, mels and pitch of a validation sentence of a run, as TensorBoard shows them."""
    from tts.callbacks.samples import prompt_of
    from tts.checkpoint import load_run
    from tts.data.dataset import SpeechDataset
    from tts.data.store import PreparedCorpus

    run = load_run(run_path)
    model = run.build().eval()
    data = SpeechDataset([PreparedCorpus.open(Path(corpus))], "validation", run.require_facts())
    batch, row = data[[index]], data.rows[index]
    facts, contract = run.require_facts(), run.contract
    with torch.no_grad():
        output = model.diagnostics(model(batch))
        spoken = model.generate(prompt_of(batch)).features
    symbols = [facts.symbols[token] for token in batch.tokens[0].tolist()]
    rate, durations = contract.frames_per_second, output.durations[0].numpy()
    soft = output.log_attention[0].exp().numpy()
    save(alignment_figure(soft, durations, symbols, rate, row.normalized), "alignment")
    mels = {"recording": batch.mel, "predicted with the recording's prosody": output.mel,
            "synthesized from text": spoken}  # fmt: skip
    save(mel_figure({k: v[0].numpy() for k, v in mels.items()}, rate, mel_axis(contract)), "mel")
    speaker = facts.statistics[int(batch.speaker)]
    tracks = {"recorded, mean of a phoneme": output.pitch, "predicted": output.predicted_pitch}
    hertz = {k: np.exp(speaker.pitch_mean + speaker.pitch_std * v[0].numpy())
             for k, v in tracks.items()}  # fmt: skip
    save(pitch_figure(batch.pitch[0].numpy(), hertz, durations, rate), "pitch")


def samples(demo: str | None) -> None:
    """Sound samples as Ogg Vorbis."""
    for name, voice, controls in (
        ("lj", "voices/lj", {}),
        ("kathleen", "voices/kathleen", {}),
        ("kathleen_low", "voices/kathleen", {"rate": 0.85, "pitch": -3.0}),
        *([("demo", demo, {})] if demo else []),
    ):
        spoken = Synthesizer.load(voice).speak(TEXT, seed=1, **controls)
        soundfile.write(DOCS / "samples" / f"{name}.ogg", spoken.waveform, spoken.sample_rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recording")
    parser.add_argument("--demo", help="run of make demo: its sample")
    parser.add_argument("--run", help="run of an acoustic model: alignment, mels and pitch")
    parser.add_argument("--corpus", help="prepared corpus of --run")
    parser.add_argument("--sentence", type=int, default=0, help="validation sentence of --corpus")
    options = parser.parse_args()
    plt.rcParams.update({"font.size": 10, "axes.titlesize": 10})
    voice = Synthesizer.load("voices/kathleen")
    if options.run:
        teacher_forced(options.run, options.corpus, options.sentence)
    if options.recording:
        import librosa

        wave, _ = librosa.load(options.recording, sr=voice.sample_rate)
    else:
        wave = voice.speak(TEXT, seed=1).waveform
    adaptor(voice)
    mamba()
    flow()
    vocoder(voice, wave)
    codec()
    samples(options.demo)


if __name__ == "__main__":
    main()
