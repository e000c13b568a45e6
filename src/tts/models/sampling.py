"""Sampling settings of speech that is written step by step."""

from typing import NamedTuple

import torch

from tts.controls import SynthesisControls

FIXED_SEED = 1  # of the prenet's dropout where nothing else is random


class Sampling(NamedTuple):
    """How a text is sampled. What makes two takes of it differ: temperature and random numbers."""

    temperature: float  # scale of the noise; 0: the likeliest
    generator: torch.Generator | None  # of the noise; None = torch's own
    candidates: int = 1  # takes of each utterance, of which the best is kept
    seed: int = FIXED_SEED  # of the prenet's dropout at temperature 0: a text repeats exactly

    @classmethod
    def of(
        cls, controls: SynthesisControls, temperature: float, generator: torch.Generator | None
    ) -> "Sampling":
        """Return the sampling of a prompt; ``temperature``: where the controls name none."""
        if controls.temperature is not None:
            temperature = controls.temperature
        return cls(temperature, generator, controls.candidates or 1)

    def generator_on(self, device: torch.device) -> torch.Generator | None:
        """Return the generator of a take."""
        if self.temperature:
            return self.generator
        return torch.Generator(device).manual_seed(self.seed)
