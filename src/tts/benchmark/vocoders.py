"""Benchmark of vocoders: synthesis, first chunk of a stream, and a training step."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import torch

from tts.audio.mel import mel_spectrogram
from tts.batch import Clips
from tts.benchmark.random_data import random_mel
from tts.benchmark.report import Goal, Section
from tts.benchmark.timing import PairedTimer
from tts.build import model_arguments
from tts.config.instantiate import instantiate
from tts.contract import MelContract
from tts.discriminators.base import Discriminators
from tts.losses.adversarial import AdversarialOutput
from tts.plain_data import PlainData
from tts.systems.gan import frozen
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.load import default_vocoder
from tts.vocoders.vocoder import Vocoder, VocoderOutput
from tts.vocoders.weight_norm import normalize_weights

CHUNK = 64  # frames of a stream


class VocoderRow(NamedTuple):
    vocoder: str
    parameters: str
    ms: float
    real_time_factor: float
    first_chunk_ms: float
    step_ms: float | None  # of training
    audio_s_per_s: float | None  # of training


def benchmark_vocoders(
    timer: PairedTimer, bf16: bool, frames: int, configs: Mapping[str, PlainData]
) -> Section:
    """Time Griffin-Lim, the default vocoder and the models of ``configs``, by the name shown."""
    shared = next(iter(configs.values()))
    contract: MelContract = instantiate(shared["audio"])
    mel = random_mel(1, frames, contract.bands, timer.device)
    models: dict[str, Vocoder] = {
        "griffin_lim": GriffinLim(contract),
        "default": default_vocoder(contract),
    }
    for name, config in configs.items():
        models[name] = instantiate(model_arguments(config["model"]))(contract)
    models = {name: vocoder.to(timer.device).eval() for name, vocoder in models.items()}
    with torch.autocast(timer.device.type, torch.bfloat16, enabled=bf16):
        synthesis = timer.compare({n: partial(v.synthesize, mel) for n, v in models.items()})
        first_chunk = timer.compare({n: partial(_first_chunk, v, mel) for n, v in models.items()})
        steps = {
            name: _training_step(models[name], config, timer) for name, config in configs.items()
        }
        training = timer.compare({name: task for name, (task, _) in steps.items()})
    seconds = contract.seconds(frames)
    rows = []
    for name, vocoder in models.items():
        count = sum(p.numel() for p in vocoder.parameters()) / 1e6
        step = training.seconds(name) if name in steps else None
        rows.append(
            VocoderRow(
                name,
                f"{count:.1f} M" if count else "–",
                synthesis.milliseconds(name),
                synthesis.seconds(name) / seconds,
                first_chunk.milliseconds(name),
                step and 1e3 * step,
                step and steps[name][1] / step,
            )
        )
    goals = []
    if "vocos/small" in configs:
        factor = synthesis.seconds("vocos/small") / seconds
        goals = [Goal("vocos/small, real-time factor", factor, 0.006)]
    title = f"Vocoders: {seconds:.1f} s of mel, batch 1; training step with the clips of the config"
    return Section("vocoders", title, rows, goals)


def _first_chunk(vocoder: Vocoder, mel: torch.Tensor) -> torch.Tensor:
    return next(vocoder.stream(mel, CHUNK))


def _training_step(
    model: Vocoder, config: PlainData, timer: PairedTimer
) -> tuple[Callable[[], None], float]:
    """Return a task with a discriminator and a generator step, and its seconds of speech."""
    contract = model.contract
    clips = config["data"]["clips"]
    audio = 0.1 * torch.randn(
        clips["per_batch"], clips["frames"] * contract.hop, device=timer.device
    )
    lengths = torch.full((len(audio),), clips["frames"])
    batch = Clips(mel_spectrogram(audio, contract), audio, lengths)
    generator: Vocoder = instantiate(model_arguments(config["model"]))(contract)
    generator = normalize_weights(generator).to(timer.device)
    discriminators = Discriminators(
        instantiate(config["discriminator"]["parts"]), sample_rate=contract.sample_rate
    )
    discriminators = discriminators.to(timer.device)
    loss = instantiate(config["model"]["loss"]).to(timer.device)
    adversarial = loss.terms["adversarial"]
    optimizers = [
        instantiate(config["optimizer"])(list(part.parameters()))
        for part in (generator, discriminators)
    ]

    def step() -> None:
        wave = generator(batch.mel)
        output = AdversarialOutput(discriminators(batch.audio), discriminators(wave.detach()))
        adversarial.discriminator(output).backward()
        optimizers[1].step()
        optimizers[1].zero_grad()
        with frozen(discriminators):
            with torch.no_grad():
                real = discriminators(batch.audio)
            output = AdversarialOutput(real, discriminators(wave))
            loss(VocoderOutput(wave), batch, 0, output).total.backward()
        optimizers[0].step()
        optimizers[0].zero_grad()

    return step, len(audio) * contract.seconds(clips["frames"])
