"""Stopping controller: predicts whether another round would raise the token accuracy."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Channels, PositiveShare
from tts.models.audio_model import AudioModel, Conditioning, LevelPrediction
from tts.models.masking import TrainingMask, lowest


class StoppingOutput(NamedTuple):
    """What the loss of the controller compares."""

    logit: Tensor  # (R,) of "another round raises the token accuracy"
    raised: Tensor  # (R,) bool, whether it did


class StoppingController(nn.Module):
    """Score of an utterance in the middle of a level's rounds, from its text and its audio state.

    Projections of the mean text state and of the mean audio state over the masked frames, with the
    share of masked frames and the mean log-confidence of their likeliest tokens, are added and
    passed through a hidden layer of size ``hidden``. The score's distance from a learned threshold
    is the logit of "another round raises the token accuracy". It learns beside the model, from
    detached states. ``share``: of the training utterances that it learns from; each of them costs
    another pass of the audio model.
    """

    def __init__(
        self, dim: int, codebooks: int, hidden: Channels = 64, share: PositiveShare = 0.25
    ) -> None:
        super().__init__()
        self.share = share
        self.text = nn.Linear(dim, hidden)
        self.audio = nn.Linear(dim, hidden, bias=False)
        self.numbers = nn.Linear(2, hidden, bias=False)
        self.level = nn.Embedding(codebooks, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.threshold = nn.Parameter(torch.zeros(1))

    def forward(
        self, text: Tensor, prediction: LevelPrediction, masked: Tensor, level: Tensor
    ) -> Tensor:
        """Return the logit ``(B,)`` of "another round raises the token accuracy".

        ``text (B, dim)``: mean over the text; ``masked (B, T)``: tokens that are still open;
        ``level (B,)``.
        """
        states = prediction.states.detach()
        real = masked[..., None].to(states.dtype)
        count = real.sum(1).clamp(min=1)
        audio = (states * real).sum(1) / count
        likeliest = prediction.logits.detach().log_softmax(-1).amax(-1, keepdim=True)
        confidence = (likeliest * real).sum(1) / count
        share = real.sum(1) / prediction.lengths[:, None].clamp(min=1)
        numbers = torch.cat([share, confidence], -1).to(states.dtype)
        hidden = self.text(text.detach()) + self.audio(audio) + self.numbers(numbers)
        score = self.score(F.gelu(hidden + self.level(level)))[..., 0]
        return (score - self.threshold).float()

    def training_output(
        self,
        audio: AudioModel,
        prediction: LevelPrediction,
        tokens: Tensor,
        codes: Tensor,
        drawn: TrainingMask,
        conditioning: Conditioning,
    ) -> StoppingOutput:
        """Decide the surer half of the masked tokens, predict the others again, and compare.

        ``prediction`` of ``tokens (B, T, K)``; ``codes (B, T)``: the recording's of the level.
        """
        rows = slice(None, None, max(round(1 / self.share), 1))
        now = LevelPrediction(*(values[rows] for values in prediction))
        masked, level, codes = drawn.masked[rows], drawn.level[rows], codes[rows]
        part = conditioning.rows(rows)
        with torch.no_grad():
            sure, found = now.logits.log_softmax(-1).max(-1)
            still = lowest(sure, masked, masked.sum(-1) // 2)
            place = level[:, None, None].expand(-1, tokens.shape[1], 1)
            earlier = tokens[rows].gather(2, place)[..., 0]
            after = torch.where(masked & ~still, found, earlier)
            again = audio(tokens[rows].scatter(2, place, after[..., None]), level, part)
            gain = (again.logits.argmax(-1) == codes).long() - (found == codes).long()
            raised = (gain * still).sum(-1) > 0
        return StoppingOutput(self(part.summary, now, masked, level), raised)
