"""Utterances as an autoregressive decoder wrote them, and what is wrong with them."""

from typing import NamedTuple

from torch import Tensor

from tts.models.spoken_path import failure
from tts.modules.context import Context


class Spoken(NamedTuple):
    """B utterances, S decoder steps, T frames, N tokens."""

    frames: Tensor  # (B, T, ...) as the model writes them
    attention: Tensor  # (B, S, N)
    steps: Tensor  # (B,) int64 decoder steps, the last one included
    stopped: Tensor  # (B,) bool, whether the stop was predicted
    log_likelihood: Tensor  # (B,) nats, the mean over steps
    failed: Tensor  # (B,) bool, whether the first take failed


def failures(spoken: Spoken, context: Context) -> list[str]:
    """Return what is wrong with each utterance, "" where nothing is."""
    assert context.memory_mask is not None
    paths = spoken.attention.argmax(-1).cpu()
    rows = zip(
        paths, spoken.steps.tolist(), context.memory_mask.sum(-1).tolist(),
        spoken.stopped.tolist(), strict=True,
    )  # fmt: skip
    return [failure(path[:steps], tokens, stopped) for path, steps, tokens, stopped in rows]
