"""Vocoders beside each other: speaking, the first piece of a stream, and a training step."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import torch

from tts.audio.mel import MelContract, mel_spectrogram
from tts.batch import Clips
from tts.benchmark.random_data import MEL_MEAN, MEL_STD
from tts.benchmark.report import Goal, Section
from tts.benchmark.timing import PairedTimer
from tts.config.instantiate import instantiate
from tts.discriminators.base import Discriminators
from tts.systems.gan import frozen
from tts.systems.vocoder import VocoderOutput
from tts.vocoders.griffin_lim import GriffinLim
from tts.vocoders.load import default_vocoder
from tts.vocoders.vocoder import Vocoder
from tts.vocoders.weight_norm import normalize_weights

PIECE = 64  # frames of a stream


class VocoderRow(NamedTuple):
    vocoder: str
    parameters: str
    ms: float
    real_time_factor: float
    first_piece_ms: float
    step_ms: float | None
    audio_s_per_s: float | None  # of training


def vocoders(
    watch: PairedTimer, bf16: bool, frames: int, configs: Mapping[str, Mapping[str, Any]]
) -> Section:
    """``configs`` are those of trainings, by the name shown; Griffin-Lim stands beside them."""
    shared = next(iter(configs.values()))
    contract: MelContract = instantiate(shared["audio"])
    mel = torch.randn(1, frames, contract.bands, device=watch.device) * MEL_STD + MEL_MEAN
    made: dict[str, Vocoder] = {
        "griffin_lim": GriffinLim(contract),
        "default": default_vocoder(contract),
    }
    for name, config in configs.items():
        made[name] = instantiate(config["model"])(contract)
    made = {name: vocoder.to(watch.device).eval() for name, vocoder in made.items()}
    with torch.autocast(watch.device.type, torch.bfloat16, enabled=bf16):
        whole = watch.compare({n: partial(v.speak, mel) for n, v in made.items()})
        first = watch.compare({n: partial(_first_piece, v, mel) for n, v in made.items()})
        steps = {name: _step(made[name], config, watch) for name, config in configs.items()}
        training = watch.compare({name: task for name, (task, _) in steps.items()})
    seconds = contract.seconds(frames)
    rows = []
    for name, vocoder in made.items():
        count = sum(p.numel() for p in vocoder.parameters()) / 1e6
        step = training.seconds(name) if name in steps else None
        rows.append(
            VocoderRow(
                name,
                f"{count:.1f} M" if count else "–",
                whole.milliseconds(name),
                whole.seconds(name) / seconds,
                first.milliseconds(name),
                step and 1e3 * step,
                step and steps[name][1] / step,
            )
        )
    goals = []
    if "vocos/small" in configs:
        goals.append(Goal("vocos/small, real-time factor", whole.seconds("vocos/small") / seconds,
                          0.006))  # fmt: skip
    title = f"Vocoders: {seconds:.1f} s of mel, batch 1; a training step of the config's own clips"
    return Section("vocoders", title, rows, goals)


def _first_piece(vocoder: Vocoder, mel: torch.Tensor) -> torch.Tensor:
    return next(vocoder.stream(mel, PIECE))


def _step(model: Vocoder, config: Mapping[str, Any], watch: PairedTimer) -> tuple[Any, float]:
    """Both turns of a step, and the seconds of speech in it."""
    contract = model.contract
    cut = config["data"]["clips"]
    audio = 0.1 * torch.randn(cut["per_batch"], cut["frames"] * contract.hop, device=watch.device)
    lengths = torch.full((len(audio),), cut["frames"])
    batch = Clips(mel_spectrogram(audio, contract), audio, lengths)
    generator: Vocoder = instantiate(config["model"])(contract)
    generator = normalize_weights(generator).to(watch.device)
    judges = Discriminators(instantiate(config["discriminators"]), sample_rate=contract.sample_rate)
    judges = judges.to(watch.device)
    loss = instantiate(config["loss"]).to(watch.device)
    game = loss.terms["adversarial"]
    optimizers = [
        instantiate(config["optimizer"])(list(part.parameters())) for part in (generator, judges)
    ]

    def step() -> None:
        wave = generator(batch.mel)
        game.discriminator(judges(batch.audio), judges(wave.detach())).backward()
        optimizers[1].step()
        optimizers[1].zero_grad()
        with frozen(judges):
            with torch.no_grad():
                real = judges(batch.audio)
            loss(VocoderOutput(wave, real, judges(wave)), batch, 0).total.backward()
        optimizers[0].step()
        optimizers[0].zero_grad()

    return step, len(audio) * contract.seconds(cut["frames"])
