"""Comparison of an exported voice with the model in torch: the same tokens, controls and seed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from tts.batch import Prompt
from tts.controls import SynthesisControls
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.models.fastspeech import FastSpeech
from tts.modules.composed_style import ComposedStyle
from tts.onnx_voice.graph_speaker import Spoken
from tts.onnx_voice.random_normal import TorchNormal
from tts.vocoders.vocoder import Vocoder

LENGTHS = (4, 23, 60)  # tokens
CHANGES: tuple[dict[str, float], ...] = (  # controls of each length, on top of the voice's own
    {}, {"rate": 1.3, "pitch": 2.0, "energy": -3.0}, {"pitch_range": 1.2, "rate": 0.8},
)  # fmt: skip
MEL_LIMIT = 5e-3  # nats, of a graph in fp32
QUANTIZED_LIMIT = 1.0  # nats, the mean over a mel of an int8 graph
QUANTIZED = f"int8 rounds: not held to {MEL_LIMIT:g} nats"


class Difference(NamedTuple):
    """The largest differences between a graph and torch over all comparisons."""

    mel: float  # nats
    mel_mean: float  # nats, of the worst utterance
    waveform: float  # samples lie in [-1, 1]
    durations: int  # tokens whose durations differ
    compared: int = 0  # utterances whose durations are equal; the mels of others are not compared

    def words(self, quantized: bool = False) -> str:
        found = f"mel {self.mel:.1e} nats, waveform {self.waveform:.1e}"
        if not self.compared:
            found = f"durations in all {len(LENGTHS)} comparisons"
        words = f"largest difference from torch: {found}"
        return f"{words} ({QUANTIZED})" if quantized else words


def compare_voice(
    speak: Callable[[Prompt], Spoken],
    model: FastSpeech,
    vocoder: Vocoder,
    facts: CorpusFacts,
    speaking: SynthesisControls,
) -> Difference:
    """Return how a graph, which ``speak`` runs, differs from torch.

    The comparisons go through the speakers and languages in turn.
    """
    worst = Difference(0.0, 0.0, 0.0, 0)
    symbols = len(facts.symbols)
    for number, (length, changes) in enumerate(zip(LENGTHS, CHANGES, strict=True)):
        random = torch.Generator().manual_seed(number)
        tokens = torch.randint(1, symbols, (1, length), generator=random)
        controls = SynthesisControls.parse(changes).for_tokens(length, torch.device("cpu"))
        prompt = Prompt(
            tokens,
            torch.tensor([length]),
            torch.tensor([number % len(facts.speakers)]),
            torch.tensor([number % len(facts.languages)]),
            controls=controls.on(speaking),
        )
        prompt = _styled(prompt, model, number, random)
        wave, mel, durations, _ = speak(_as_arrays(prompt, TorchNormal(number)))
        generated = model.generate(prompt._replace(generator=torch.Generator().manual_seed(number)))
        assert generated.durations is not None
        differing = int((generated.durations[0].numpy() != durations).sum())
        if differing:  # the mels cannot be compared frame by frame
            worst = worst._replace(durations=worst.durations + differing)
            continue
        features = generated.features[0].numpy()
        with torch.inference_mode():
            expected = vocoder.synthesize(torch.from_numpy(mel.copy())[None])[0].numpy()
        worst = Difference(
            max(worst.mel, float(np.abs(features - mel).max())),
            max(worst.mel_mean, float(np.abs(features - mel).mean())),
            max(worst.waveform, float(np.abs(expected - wave).max())),
            worst.durations,
            worst.compared + 1,
        )
    return worst


def _styled(prompt: Prompt, model: FastSpeech, number: int, random: torch.Generator) -> Prompt:
    """Return a prompt with a reference; with a composed style, also without, and of nobody."""
    if model.reference != "none":
        shape = (1, 50 + number, model.bands)
        prompt = prompt._replace(reference=torch.randn(shape, generator=random) * 2 - 5)
    if model.takes_embedding:
        embedding = torch.rand(1, 256, generator=random)
        prompt = prompt._replace(embedding=embedding / embedding.norm())
    if not isinstance(model.style, ComposedStyle) or not model.style.dropout:
        return prompt
    if number == 1:  # cloned: of no speaker of the training
        return prompt._replace(speaker=None, statistics=torch.tensor([[4.8, 0.3, 0.5, 1.2]]))
    return prompt._replace(reference=None, embedding=None) if number == 2 else prompt


def _as_arrays(prompt: Prompt, random: TorchNormal) -> Prompt:
    """Return a prompt of tensors as one of numpy's arrays."""

    def array(value: Any) -> Any:
        return value.numpy() if isinstance(value, torch.Tensor) else value

    controls = SynthesisControls(*map(array, prompt.controls))
    arrays = Prompt(*map(array, prompt))
    return arrays._replace(controls=controls, generator=random)  # type: ignore[arg-type]


def require_similar(difference: Difference, path: object) -> None:
    """Raise UserError where the mean of a mel of an int8 graph is far from torch's."""
    if not difference.mel_mean <= QUANTIZED_LIMIT:
        raise UserError(
            f"{path} is not written: in int8 its mel differs by {difference.mel_mean:.2g} nats on "
            f"average, and at most {QUANTIZED_LIMIT:g} are usable: leave out quantize="
        )


def require_equal(difference: Difference, path: object) -> None:
    """Raise UserError where a graph in fp32 differs from torch by more than rounding."""
    if difference.durations > 2 or not difference.mel <= MEL_LIMIT:
        raise UserError(
            f"{path} is not written: the graph does not say what the model says "
            f"({difference.words()}, {difference.durations} durations differ; at most "
            f"{MEL_LIMIT:g} nats): use format=voice"
        )
