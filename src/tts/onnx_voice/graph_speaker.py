"""Inputs of an exported voice's graph: tokens, controls and noise as arrays."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import numpy as np

from tts.batch import Prompt
from tts.onnx_voice.graph_style import GraphStyle
from tts.plain_data import PlainData

LONGEST_MEAN = 0.4  # seconds a token, as tts.models.durations has it
PER_TOKEN = ("rate", "pitch", "energy", "pitch_range")
NUMBERS = ("variance_scale", "prosody_temperature", "temperature")
Arrays = Mapping[str, np.ndarray]


class Spoken(NamedTuple):
    """What the graph returns for one sentence."""

    waveform: np.ndarray  # (S,) float32 in [-1, 1]
    mel: np.ndarray  # (T, M) natural-log magnitude
    durations: np.ndarray  # (N,) int64 frames
    log_variance: np.ndarray  # (N,) of ln(frames), predicted


class GraphSpeaker:
    """Speaks with a graph: ``run`` maps its inputs to its outputs, with a first axis of 1.

    ``channels``: the last size of each input. ``card``: of the voice. The noise is an input of the
    graph, and is drawn as the model in torch draws it.
    """

    def __init__(
        self,
        run: Callable[[Arrays], Spoken],
        channels: Mapping[str, int],
        card: PlainData,
        frames_per_second: float,
    ) -> None:
        self.run, self.channels, self.card = run, channels, card
        self.longest = LONGEST_MEAN * frames_per_second  # frames a token
        self.style = GraphStyle(card, channels) if "style" in card else None

    def speak(self, prompt: Prompt) -> Spoken:
        """Speak a prompt of one utterance, of numpy's arrays, with the voice's own controls.

        ``prompt.generator`` is a :class:`TorchNormal`.
        """
        given, random = self._given(prompt), cast(Any, prompt.generator)
        if self.style is not None:  # its noise is drawn first
            given |= self.style.inputs(prompt, random)
        count = given["tokens"].shape[1]
        size = self.channels["prosody_noise"]
        given["prosody_noise"] = np.zeros((1, count, size), np.float32)
        if given["prosody_temperature"].any():
            given["prosody_noise"] = random.draw(1, count, size)
        drawn = "noise" in self.channels and given["temperature"].any()
        state = random.state() if drawn else None
        if "noise" in self.channels:
            size = self.channels["noise"]
            steps = self._most_steps(given["rate"]) if drawn else 1
            zeros = np.zeros((1, steps, size), np.float32)
            given["noise"] = random.draw(1, steps, size) if drawn else zeros
        spoken = self.run({name: value for name, value in given.items() if name in self.channels})
        if drawn:  # the model draws no more than it uses
            random.restore(state)
            random.draw(-(-spoken.mel.shape[1] // self.card["stride"]), size)
        return Spoken(*(output[0] for output in spoken))

    def _given(self, prompt: Prompt) -> dict[str, np.ndarray]:
        """Return the inputs without noise."""
        controls = prompt.controls
        speaker = [0] if prompt.speaker is None else prompt.speaker
        arrays = {"tokens": prompt.tokens, "speaker": speaker, "language": prompt.language}
        given = {name: np.asarray(value, np.int64) for name, value in arrays.items()}
        if prompt.reference is not None:
            given["reference"] = np.asarray(prompt.reference, np.float32)
        shape = given["tokens"].shape
        for name in PER_TOKEN:
            values = np.asarray(getattr(controls, name), np.float32)
            given[name] = np.ascontiguousarray(np.broadcast_to(values, shape))
        for name in NUMBERS:
            value = getattr(controls, name)
            value = self.card["neutral"][name] if value is None else value
            given[name] = np.array([value], np.float32)
        return given

    def _most_steps(self, rate: np.ndarray) -> int:
        """Return the most decoder steps that the tokens can have."""
        frames = float((self.longest / np.minimum(rate, 1.0)).sum()) + rate.size
        return int(frames) // int(self.card["stride"]) + 1
