"""Speaking, stage by stage, as a share of the time that what is said lasts."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch

from tts.audio.mel import MelContract
from tts.batch import Prompt, Sampling
from tts.benchmark.random_data import MEL_MEAN, MEL_STD, made_up_facts
from tts.benchmark.report import Goal, Section
from tts.benchmark.timing import PairedTimer
from tts.config.instantiate import instantiate


class StageRow(NamedTuple):
    stage: str
    ms: float
    real_time_factor: float


def synthesis(
    watch: PairedTimer,
    bf16: bool,
    frames: int,
    sentence: str,
    configs: Mapping[str, Mapping[str, Any]],
    steps: Sequence[int],
) -> Section:
    """One sentence, batch 1, stretched to about ``frames``: what an untrained model says has no
    natural length. ``configs`` by size share the text front end, the contract and the vocoder. A
    model that draws (model/decoder=flow) does so with each number of ``steps``.
    """
    shared = next(iter(configs.values()))
    contract: MelContract = instantiate(shared["audio"])
    frontend = instantiate(shared["frontend"])
    vocoder = instantiate(shared["vocoder"])(contract).to(watch.device).eval()
    tokens = torch.tensor([frontend(sentence).tokens], device=watch.device)
    mel = torch.randn(1, frames, contract.bands, device=watch.device) * MEL_STD + MEL_MEAN
    prompt = Prompt(
        tokens,
        token_lengths=torch.tensor([tokens.shape[1]], device=watch.device),
        speaker=torch.zeros(1, dtype=torch.long, device=watch.device),
        reference=mel,
        reference_lengths=torch.tensor([frames], device=watch.device),
    )

    tasks: dict[str, Any] = {"text": partial(frontend, sentence)}
    autocast = torch.autocast(watch.device.type, torch.bfloat16, enabled=bf16)
    with torch.inference_mode(), autocast:
        for size, config in configs.items():
            model = instantiate(config["model"])(facts=made_up_facts(contract))
            model = model.to(watch.device).eval()
            spoken = int(model.generate(prompt).frame_lengths)
            stretched = prompt._replace(rate=spoken / frames)
            if getattr(model, "flow", None) is None:
                tasks[f"mel, {size}"] = partial(model.generate, stretched)
                continue
            for count in steps:
                drawn = stretched._replace(sampling=Sampling(steps=count))
                tasks[f"mel, {size}, {count} steps"] = partial(model.generate, drawn)
        tasks["vocoder"] = partial(vocoder, mel)
        times = watch.compare(tasks)

    seconds = frames * contract.hop / contract.sample_rate
    factor = {name: times.seconds(name) / seconds for name in tasks}
    rows = [StageRow(name, times.milliseconds(name), factor[name]) for name in tasks]
    goals = []
    if (two := factor.get("mel, small, 2 steps")) is not None:
        spoken_small = factor["text"] + two
        goals = [Goal("text to mel of small in two steps, real-time factor", spoken_small, 0.02)]
    if "mel, small" in factor:
        spoken_small = factor["text"] + factor["mel, small"]
        goals = [
            Goal("text to mel of small, real-time factor", spoken_small, 0.008),
            Goal("with the vocoder", spoken_small + factor["vocoder"], 0.03),
        ]
    title = f"Speaking {seconds:.1f} s: {tokens.shape[1]} tokens, {frames} frames, one sentence"
    return Section("synthesis", title, rows, goals)
