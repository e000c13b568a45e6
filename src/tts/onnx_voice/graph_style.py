"""Inputs of the graph of a composed style: which parts speak, and with what."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tts.batch import Prompt
from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.onnx_voice.random_normal import TorchNormal
from tts.plain_data import PlainData
from tts.warnings_once import warn_once

STATISTICS = ("pitch_mean", "pitch_std", "energy_mean", "energy_std")
CONTROLS = frozenset({"style_tokens", "style_weights", "style_temperature"})
RECORDING = "give reference=FILE"
DRAWN = "drawn"


class GraphStyle:
    """Makes the inputs; ``card``: of the voice, ``channels``: the last size of each input."""

    def __init__(self, card: PlainData, channels: Mapping[str, int]) -> None:
        self.parts: dict[str, str] = dict(card["style"]["parts"])
        self.optional = bool(card["style"]["optional"])
        self.stride = int(card["style"]["stride"])
        self.facts, self.channels = card["facts"], channels

    def inputs(self, prompt: Prompt, random: TorchNormal) -> dict[str, np.ndarray]:
        """Return the inputs of a prompt of numpy's arrays; ``random`` as torch draws.

        Raises UserError for what is missing or does not exist.
        """
        controls = prompt.controls
        factors = dict(controls.style_weights or {})
        for name in factors:
            if name not in self.parts:
                raise UserError(
                    f"style_weights={{{name}: ...}}: this model has no such style; choose from "
                    f"{', '.join(self.parts)}"
                )
        made = {"statistics": self._statistics(prompt)}
        if prompt.embedding is not None:
            made["embedding"] = np.asarray(prompt.embedding, np.float32)
        made |= self._steps(prompt.reference)
        weights = np.zeros((1, len(self.parts)), np.float32)
        for number, (name, kind) in enumerate(self.parts.items()):
            speaks = self._speaks(kind, prompt)
            if not speaks and not self.optional:
                raise UserError(f"the style {name} of this model needs an input: {RECORDING}")
            if name in factors and not speaks:
                warn_once(
                    f"style_weights={{{name}: {factors[name]:g}}} has no effect: nothing that "
                    f"{name} is computed from is given"
                )
            weights[0, number] = factors.get(name, 1.0) if speaks else 0.0
            if kind == "tokens":
                made["style_tokens"] = self._tokens(prompt, random, bool(weights[0, number]))
            elif kind == "variational":
                made["style_noise"] = self._noise(prompt, random, bool(weights[0, number]))
        self._warn_of_temperature(controls)
        for name, size in self.channels.items():
            if name == "embedding" and name not in made:
                made[name] = np.ones((1, size), np.float32)
        return {**made, "style_weights": weights}

    def _speaks(self, kind: str, prompt: Prompt) -> bool:
        recorded = prompt.reference is not None
        return {
            "speaker": prompt.speaker is not None,
            "language": True,
            "statistics": prompt.speaker is not None or prompt.statistics is not None,
            "reference": recorded,
            "embedding": prompt.embedding is not None,
            "tokens": recorded or prompt.controls.style_tokens is not None,
            "variational": recorded or prompt.controls.style_temperature is not None,
        }[kind]

    def _warn_of_temperature(self, controls: SynthesisControls) -> None:
        drawn = controls.style_tokens == DRAWN and "tokens" in self.parts.values()
        if controls.style_temperature is None or drawn or "variational" in self.parts.values():
            return
        warn_once(
            f"style_temperature={controls.style_temperature:g} has no effect: no part of the style "
            "is drawn"
        )

    def _statistics(self, prompt: Prompt) -> np.ndarray:
        """Return the pitch and energy of the reference's speaker, or of a speaker of the voice."""
        if prompt.statistics is not None:
            return np.asarray(prompt.statistics, np.float32)
        index = 0 if prompt.speaker is None else int(np.asarray(prompt.speaker)[0])
        row = self.facts["statistics"][index]
        return np.array([[row[name] for name in STATISTICS]], np.float32)

    def _steps(self, mel: Any) -> dict[str, np.ndarray]:
        """Return the reference in steps of the encoder; two silent ones where there is none."""
        if "reference_steps" not in self.channels:
            return {}
        bands = self.channels["reference_steps"] // self.stride
        frames = np.zeros((1, 0, bands), np.float32) if mel is None else np.asarray(mel)
        missing = max(-frames.shape[1] % self.stride, 2 * self.stride - frames.shape[1])
        # the encoder sees zeros behind the end of a normalized mel
        padding = np.full((1, missing, bands), self.facts["mel_mean"], np.float32)
        padded = np.concatenate([frames, padding], 1).astype(np.float32)
        return {"reference_steps": padded.reshape(1, -1, self.stride * bands)}

    def _tokens(self, prompt: Prompt, random: TorchNormal, speaks: bool) -> np.ndarray:
        """Return ``(1, 1 + K)``: the weight of the reference's choice, then of each token."""
        count = self.channels["style_tokens"] - 1
        made = np.zeros((1, 1 + count), np.float32)
        given = prompt.controls.style_tokens
        if given is None or not speaks:
            made[0, 0] = 1.0
        elif given == DRAWN:
            temperature = prompt.controls.style_temperature
            logits = 2 * (1.0 if temperature is None else temperature) * random.draw(1, count)
            shares = np.exp(logits - logits.max())
            made[:, 1:] = shares / shares.sum()
        else:
            for token, weight in dict(given).items():  # type: ignore[arg-type]
                if not 0 <= token < count:
                    raise UserError(
                        f"style_tokens={{{token}: {weight:g}}}: this model has {count} style "
                        f"tokens; choose from 0 to {count - 1}"
                    )
                made[0, 1 + token] = weight
        return made

    def _noise(self, prompt: Prompt, random: TorchNormal, speaks: bool) -> np.ndarray:
        """Return ``(1, 1 + D)``: 1 with a reference, then the noise times its temperature."""
        size = self.channels["style_noise"] - 1
        made = np.zeros((1, 1 + size), np.float32)
        made[0, 0] = prompt.reference is not None
        if speaks:
            temperature = prompt.controls.style_temperature or 0.0
            made[:, 1:] = temperature * random.draw(1, size)
        return made
