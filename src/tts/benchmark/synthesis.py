"""Real-time factors of the stages of synthesis: front end, acoustic model, vocoder."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import torch

from tts.batch import Prompt
from tts.benchmark.random_data import random_facts, random_mel
from tts.benchmark.report import Goal, Section
from tts.benchmark.timing import PairedTimer
from tts.build import model_arguments
from tts.config.instantiate import instantiate
from tts.contract import MelContract
from tts.controls import SynthesisControls
from tts.plain_data import PlainData


class StageRow(NamedTuple):
    stage: str
    ms: float
    real_time_factor: float


def benchmark_synthesis(
    timer: PairedTimer,
    bf16: bool,
    frames: int,
    sentence: str,
    configs: Mapping[str, PlainData],
    steps: Sequence[int],
) -> Section:
    """Time the synthesis of one sentence, batch 1, by each size of model in ``configs``.

    The speaking rate is set so that an untrained model predicts about ``frames``; a model without
    that control speaks its own length. The sizes share front end, contract and vocoder. A
    flow-matching model is timed with each number of ``steps``.
    """
    shared = next(iter(configs.values()))
    contract: MelContract = instantiate(shared["audio"])
    frontend = instantiate(shared["frontend"])
    vocoder = instantiate(shared["vocoder"])(contract).to(timer.device).eval()
    tokens = torch.tensor([frontend(sentence).tokens], device=timer.device)
    mel = random_mel(1, frames, contract.bands, timer.device)
    prompt = Prompt(
        tokens,
        token_lengths=torch.tensor([tokens.shape[1]], device=timer.device),
        speaker=torch.zeros(1, dtype=torch.long, device=timer.device),
        reference=mel,
        reference_lengths=torch.tensor([frames], device=timer.device),
    )

    tasks: dict[str, Callable[[], object]] = {"text": partial(frontend, sentence)}
    lengths: dict[str, int] = {}  # frames of a task, where they are not ``frames``
    autocast = torch.autocast(timer.device.type, torch.bfloat16, enabled=bf16)
    with torch.inference_mode(), autocast:
        for size, config in configs.items():
            model = instantiate(model_arguments(config["model"]))(facts=random_facts(contract))
            model = model.to(timer.device).eval()
            predicted = int(model.generate(prompt).frame_lengths)
            stretched = prompt
            if "rate" in model.controls:
                stretched = prompt._replace(controls=SynthesisControls(rate=predicted / frames))
            else:
                lengths[f"mel, {size}"] = predicted
            if "steps" not in model.controls:
                tasks[f"mel, {size}"] = partial(model.generate, stretched)
                continue
            for count in steps:
                drawn = stretched._replace(controls=stretched.controls._replace(steps=count))
                tasks[f"mel, {size}, {count} steps"] = partial(model.generate, drawn)
        tasks["vocoder"] = partial(vocoder, mel)
        times = timer.compare(tasks)

    seconds = contract.seconds(frames)
    spoken = {name: contract.seconds(lengths.get(name, frames)) for name in tasks}
    factors = {name: times.seconds(name) / spoken[name] for name in tasks}
    rows = [StageRow(name, times.milliseconds(name), factors[name]) for name in tasks]
    goals = []
    if (two_steps := factors.get("mel, small, 2 steps")) is not None:
        mel_small = factors["text"] + two_steps
        goals = [Goal("text to mel, small, two steps, real-time factor", mel_small, 0.02)]
    if "mel, small" in factors:
        mel_small = factors["text"] + factors["mel, small"]
        goals = [
            Goal("text to mel, small, real-time factor", mel_small, 0.008),
            Goal("text to waveform, small, real-time factor", mel_small + factors["vocoder"], 0.03),
        ]
    title = f"Synthesis of {seconds:.1f} s: {tokens.shape[1]} tokens, {frames} frames, batch 1"
    return Section("synthesis", title, rows, goals)
