"""Path of speech through its text: durations, failures, and the reader that enforces the order.

Legend: B utterances, S decoder steps, N tokens. ``weights (B, S, N)``: attention of each step.
"""

import torch
from torch import Tensor

from tts.alignment.monotonic import search_torch
from tts.masks import mask_from_lengths

LEAST = 1e-6  # weight of a token in the search
REACH = 6  # tokens that attention may jump ahead before it counts as a skip
BACK = 5  # tokens that it may jump back before it counts as a repetition
REST = 2  # tokens that may be left at the end, such as final punctuation
STEP = 3  # tokens that a forced reading can move on in one step (Tachibana et al. 2018, 4.2)


def durations_of(weights: Tensor, token_lengths: Tensor, steps: Tensor, each: int) -> Tensor:
    """Return durations ``(B, N)`` int64 in frames, ``each`` a step, of the first ``steps (B,)``.

    The most probable path that gives every token a frame. Where an utterance has fewer frames than
    tokens, each frame counts for the furthest token that attention has reached.
    """
    tokens, device = weights.shape[2], weights.device
    # on the CPU: the search is a loop of small operations
    weights, token_lengths, frame_lengths = weights.cpu(), token_lengths.cpu(), steps.cpu() * each
    scores = weights.clamp(min=LEAST).log().repeat_interleave(each, 1)
    found = search_torch(scores, token_lengths, frame_lengths)
    short = frame_lengths < token_lengths
    if short.any():
        furthest = scores.argmax(-1).cummax(-1).values  # (B, T)
        real = mask_from_lengths(frame_lengths, scores.shape[1]).long()
        reached = torch.zeros(len(weights), tokens, dtype=torch.int64)
        reached.scatter_add_(1, furthest, real)
        found = torch.where(short[:, None], reached, found)
    return found.to(device)


def failure(path: Tensor, tokens: int, stopped: bool) -> str:
    """Return in words what is wrong with the path ``(S,)`` through ``tokens``; "" if nothing is."""
    jumps = path.diff()
    if len(jumps) and int(jumps.min()) <= -BACK:
        return "repeats a part of the text"
    if len(jumps) and int(jumps.max()) > REACH:
        return "skips a part of the text"
    if int(path.max()) < int(end_of(torch.tensor(tokens))):
        return "ends before the text does" if stopped else "does not reach the end of the text"
    return "" if stopped else "does not stop"


def end_of(tokens: Tensor) -> Tensor:
    """Return the token that speech has to reach of so many: of a long text REST before the last."""
    return tokens - 1 - (tokens // 4).clamp(max=REST)


class Progress:
    """Position of each utterance in its text while it is spoken, and whether it still moves.

    ``longest``: steps without progress after which an utterance counts as stuck. ``reach``: tokens
    that a forced reading can move on in one step.
    """

    def __init__(self, token_mask: Tensor, longest: int, reach: int = STEP) -> None:
        tokens = token_mask.sum(-1)  # (B,)
        self.last = tokens - 1
        self.end = end_of(tokens)
        self.reach = reach
        self.position = torch.zeros_like(self.last)
        self.furthest = torch.zeros_like(self.last)
        self.idle = torch.zeros_like(self.last)  # steps since the furthest token was reached
        self.mask, self.longest = token_mask, longest

    def move(self, weights: Tensor) -> None:
        """Read the weights ``(B, N)`` of a step."""
        self.position = weights.argmax(-1)
        ahead = self.position > self.furthest
        self.furthest = torch.maximum(self.furthest, self.position)
        self.idle = torch.where(ahead, 0, self.idle + 1)

    def reorder(self, rows: Tensor) -> None:
        """Keep the utterances ``rows (B,)``, which have the same texts as those they replace."""
        self.position, self.furthest = self.position[rows], self.furthest[rows]
        self.idle = self.idle[rows]

    @property
    def stuck(self) -> Tensor:
        """Which utterances have not moved on for long ``(B,)``."""
        return self.idle >= self.longest

    def allowed(self) -> Tensor:
        """Return the tokens of the next step in a forced reading, ``(B, N)``: this and the next
        few, without this one if it is stuck."""
        token = torch.arange(self.mask.shape[1], device=self.mask.device)
        first = torch.minimum(self.furthest + self.stuck.long(), self.last)[:, None]
        return (token >= first) & (token <= first + self.reach) & self.mask

    @property
    def at_end(self) -> Tensor:
        """Which utterances have reached the end of their text ``(B,)``."""
        return self.furthest >= self.end

    @property
    def finished(self) -> Tensor:
        """Which utterances rest at their last token ``(B,)``."""
        return self.stuck & (self.furthest == self.last)
