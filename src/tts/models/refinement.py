"""Iterative parallel decoding of codec tokens: predict all, keep what is confident, mask the rest.

MaskGIT (Chang et al. 2022, section 3.2) within each codebook level, and the levels from coarse to
fine as in SoundStorm (Borsos et al. 2023, section 3.3). Legend: B utterances, T code frames, K
codebooks, V entries of a codebook.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.models.acoustic import Refinement
from tts.models.masking import SCHEDULES, lowest
from tts.models.sampling import Sampling
from tts.models.token_choice import chosen


class RefinementSettings(NamedTuple):
    """How tokens are chosen and kept. Fields of :class:`SynthesisControls`."""

    iterations: int | Sequence[int] = (8, 1)  # rounds of each level; the last holds for the rest
    mask_schedule: str = "cosine"
    temperature: float = 0.0  # of the tokens of the first level; 0: the likeliest
    fine_temperature: float = 0.0  # of those of all other levels
    top_k: int | None = None
    top_p: float | None = None
    confidence_temperature: float = 0.0  # of the Gumbel noise on the confidence, falling to 0
    remask: bool = False  # tokens chosen in earlier rounds can be masked again
    stop_confidence: float | None = None  # mean confidence that ends a level
    stop_probability: float | None = None  # that another round helps, below which a level ends
    guidance: float = 0.0

    def updated(self, controls: SynthesisControls) -> "RefinementSettings":
        """Return these settings with those that ``controls`` set.

        Raises UserError for a truncation of tokens that are not sampled.
        """
        given = {n: v for n in self._fields if (v := getattr(controls, n)) is not None}
        settings = self._replace(**given)
        for name in ("top_k", "top_p"):
            sampled = settings.temperature or settings.fine_temperature
            if given.get(name) not in (None, 1.0) and not sampled:
                raise UserError(
                    f"{name}={given[name]} has no effect at a temperature of 0: give a "
                    "temperature too"
                )
        return settings

    def rounds(self, codebooks: int) -> list[int]:
        """Return the rounds of each level. Raises UserError for more numbers than codebooks."""
        if isinstance(self.iterations, int):
            return [self.iterations] * codebooks
        listed = list(self.iterations)
        if len(listed) > codebooks:
            raise UserError(
                f"iterations={listed}: there are {len(listed)} numbers, and the codec has "
                f"{codebooks} codebooks"
            )
        return listed + listed[-1:] * (codebooks - len(listed))


class Guess(NamedTuple):
    """The prediction of one level."""

    logits: Tensor  # (B, T, V)
    # (B,) probability that another round raises the accuracy, from the masked tokens; None: unknown
    helpful: Callable[[Tensor], Tensor] | None = None


def refine(
    predict: Callable[[Tensor, int], Guess],
    codes: Tensor,
    given: Tensor,
    lengths: Tensor,
    settings: RefinementSettings,
    hidden: int,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Refinement]:
    """Fill the tokens that are not ``given (B, T, K)``, level by level, and return all.

    ``predict(tokens, level)`` reads ``tokens (B, T, K)``, ``hidden`` where they are masked.
    ``lengths (B,)`` frames. A given token never changes. Padding gets 0.
    """
    real = torch.arange(codes.shape[1], device=codes.device) < lengths[:, None]
    given = given & real[..., None]
    tokens = codes.masked_fill(~given, hidden)
    confidence = given.float()
    decided = torch.zeros_like(tokens)
    rounds = torch.zeros(len(codes), codes.shape[2], dtype=torch.int64, device=codes.device)
    for level, planned in enumerate(settings.rounds(codes.shape[2])):
        free = real & ~given[..., level]
        for number in range(1, planned + 1):
            masked = free & (tokens[..., level] == hidden)
            active = masked.any(-1)
            if not bool(active.any()):
                break
            guess = predict(tokens, level)
            found, sure = choose(guess.logits, level, settings, generator)
            sure = torch.where(masked, sure, confidence[..., level])
            open_after = _open_after(free, masked, number / planned, settings)
            open_after = open_after.masked_fill(_ends(guess, sure, masked, settings), 0)
            noise = settings.confidence_temperature * (1 - number / planned)
            scores = _noisy(sure, noise, generator)
            still = lowest(scores, free if settings.remask else masked, open_after)
            new = masked & ~still
            level_tokens = torch.where(new, found, tokens[..., level]).masked_fill(still, hidden)
            tokens[..., level] = level_tokens
            confidence[..., level] = torch.where(new, sure, confidence[..., level])
            decided[..., level] = torch.where(new, number, decided[..., level])
            rounds[:, level] += active
    tokens = tokens.masked_fill(~real[..., None], 0)
    return tokens, Refinement(confidence, decided, rounds)


def choose(
    logits: Tensor, level: int, settings: RefinementSettings, generator: torch.Generator | None
) -> tuple[Tensor, Tensor]:
    """Return tokens and their probabilities, ``(B, T)`` each, from ``(B, T, V)`` of a level."""
    log_probs = logits.float().log_softmax(-1)
    temperature = settings.fine_temperature if level else settings.temperature
    sampling = Sampling(temperature, generator, top_k=settings.top_k, top_p=settings.top_p or 1.0)
    tokens = chosen(log_probs, sampling, generator)
    return tokens, log_probs.gather(-1, tokens[..., None])[..., 0].exp()


def _open_after(free: Tensor, masked: Tensor, done: float, settings: RefinementSettings) -> Tensor:
    """Return how many tokens of each utterance stay masked after a round, ``(B,)``; each round
    decides one at the least, and the last one all."""
    share = SCHEDULES[settings.mask_schedule](done) if done < 1 else 0.0
    planned = (free.sum(-1) * share).floor().long()
    return torch.minimum(planned, masked.sum(-1) - 1).clamp(min=0)


def _ends(guess: Guess, sure: Tensor, masked: Tensor, settings: RefinementSettings) -> Tensor:
    """Return which utterances need no further round of the level, ``(B,)``."""
    ends = torch.zeros(len(masked), dtype=torch.bool, device=masked.device)
    if settings.stop_confidence is not None:
        mean = (sure * masked).sum(-1) / masked.sum(-1).clamp(min=1)
        ends = ends | (mean >= settings.stop_confidence)
    if guess.helpful is not None and settings.stop_probability != 0:
        least = 0.5 if settings.stop_probability is None else settings.stop_probability
        ends = ends | (guess.helpful(masked) < least)
    return ends


def _noisy(sure: Tensor, scale: float, generator: torch.Generator | None) -> Tensor:
    """Return log-confidences with Gumbel noise; MaskGIT's temperature of the confidence."""
    scores = sure.clamp(min=1e-9).log()
    if not scale:
        return scores
    exponential = torch.empty_like(scores).exponential_(generator=generator)
    return scores - scale * exponential.clamp(min=1e-9).log()
