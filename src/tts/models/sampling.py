"""Sampling settings of speech that is written step by step."""

from typing import NamedTuple

import torch

from tts.controls import SynthesisControls
from tts.errors import UserError

FIXED_SEED = 1  # of the prenet's dropout where nothing else is random


class Sampling(NamedTuple):
    """How a text is sampled. What makes two takes of it differ: temperature and random numbers."""

    temperature: float  # scale of the noise; 0: the likeliest
    generator: torch.Generator | None  # of the noise; None = torch's own
    candidates: int = 1  # takes of each utterance, of which the best is kept
    # of codec tokens, see tts.models.token_choice
    fine_temperature: float = 0.0  # of all codebooks but the first
    top_k: int | None = None
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    beam: int = 1  # hypotheses of a search for the likeliest tokens; 1: no search
    seed: int = FIXED_SEED  # of the prenet's dropout at temperature 0: a text repeats exactly

    @property
    def random(self) -> bool:
        """Whether what is written is drawn, and not the likeliest."""
        return self.temperature > 0 or self.fine_temperature > 0

    @classmethod
    def of(
        cls,
        controls: SynthesisControls,
        temperature: float,
        fine_temperature: float,
        generator: torch.Generator | None,
    ) -> "Sampling":
        """Return the sampling of a prompt; the temperatures: where the controls name none.

        Raises UserError for a truncation of what is not sampled, and for samples of a search.
        """
        beam = controls.beam or 1
        if beam > 1:
            _require_no_samples(controls)
            temperature = fine_temperature = 0.0
        if controls.temperature is not None:
            temperature = controls.temperature
        if controls.fine_temperature is not None:
            fine_temperature = controls.fine_temperature
        truncated = controls.top_k or (controls.top_p or 1) < 1
        if truncated and not (temperature or fine_temperature or beam > 1):
            name = "top_k" if controls.top_k else "top_p"
            raise UserError(
                f"{name}={getattr(controls, name)} has no effect at a temperature of 0: give a "
                "higher temperature"
            )
        return cls(
            temperature, generator, controls.candidates or 1, fine_temperature,
            controls.top_k, controls.top_p or 1.0, controls.repetition_penalty or 1.0, beam,
        )  # fmt: skip

    def generator_on(self, device: torch.device) -> torch.Generator | None:
        """Return the generator of a take."""
        if self.random:
            return self.generator
        return torch.Generator(device).manual_seed(self.seed)


def _require_no_samples(controls: SynthesisControls) -> None:
    """Raise UserError for controls of samples beside a beam."""
    neutral = {
        "temperature": 0, "fine_temperature": 0, "candidates": 1, "top_k": None, "top_p": 1,
    }  # fmt: skip
    for name, without in neutral.items():
        value = getattr(controls, name)
        if value is not None and value != without:
            remedy = "leave it out" if without is None else f"give {name}={without}"
            raise UserError(
                f"{name}={value:g} has no effect with beam={controls.beam}, which searches for the "
                f"likeliest tokens: {remedy}, or beam=1"
            )
