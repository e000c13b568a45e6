"""ECAPA-TDNN: a trainable speaker encoder of mels (Desplanques et al. 2020)."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.bounds import Channels, Counts
from tts.corpus import CorpusFacts
from tts.errors import UserError

SCALE = 8  # groups of a Res2 convolution
BOTTLENECK = 128  # channels of squeeze-excitation and attention


class SpeakerOutput(NamedTuple):
    """What the loss reads."""

    embedding: Tensor  # (B, E) of norm 1
    cosines: Tensor | None  # (B, speakers) with the weight of each training speaker


class EcapaEncoder(nn.Module):
    """Log mels to speaker embeddings ``(B, dim)`` of norm 1, and their cosines with all speakers.

    Section 3: dilated convolutions with squeeze-excitation, of which all layers are joined, then
    attentive statistics over time. The mean of each band over time is subtracted, so that a
    microphone's response does not count. ``dilations``: one block each. ``classes``: with a weight
    for each training speaker, which AAM-softmax reads.
    """

    kind = "a speaker encoder"

    def __init__(
        self,
        facts: CorpusFacts,
        dim: Channels = 256,
        channels: Channels = 256,
        dilations: Counts = (2, 3, 4),
        classes: bool = True,
    ) -> None:
        super().__init__()
        if len(facts.speakers) < 2:
            raise UserError(
                "model=speaker_encoder learns to tell speakers apart, and the corpora have one: "
                "add others with data.corpora"
            )
        if channels % SCALE:
            raise UserError(f"model.channels={channels} must be a multiple of {SCALE}")
        self.input = _Convolution(facts.contract.bands, channels, 5)
        self.blocks = nn.ModuleList(_Block(channels, dilation) for dilation in dilations)
        joined = channels * len(dilations)
        self.join = nn.Conv1d(joined, joined, 1)
        self.attention = nn.Sequential(
            nn.Conv1d(3 * joined, BOTTLENECK, 1), nn.Tanh(), nn.Conv1d(BOTTLENECK, joined, 1)
        )
        self.norm = nn.BatchNorm1d(2 * joined)
        self.output = nn.Linear(2 * joined, dim)
        self.speakers: nn.Parameter | None = None
        if classes:
            self.speakers = nn.Parameter(torch.randn(len(facts.speakers), dim) * dim**-0.5)

    def forward(self, mel: Tensor) -> SpeakerOutput:
        """``mel (B, T, M)`` natural-log magnitude, all frames real."""
        embedding = self.embed(mel)
        if self.speakers is None:
            return SpeakerOutput(embedding, None)
        cosines = embedding.float() @ F.normalize(self.speakers.float(), dim=-1).T
        return SpeakerOutput(embedding, cosines)

    def embed(self, mel: Tensor) -> Tensor:
        x = self.input((mel - mel.mean(1, keepdim=True)).mT)  # (B, C, T)
        layers = []
        for block in self.blocks:
            x = block(x)
            layers.append(x)
        x = F.relu(self.join(torch.cat(layers, 1)))
        vector = self.norm(self._pooled(x))
        return F.normalize(self.output(vector).float(), dim=-1)

    def _pooled(self, x: Tensor) -> Tensor:
        """Attentive statistics (section 3.1): ``(B, C, T) -> (B, 2 C)``."""
        mean, deviation = _moments(x, torch.full_like(x, 1 / x.shape[-1]))
        overall = torch.stack([mean, deviation], -1).flatten(1)[..., None]
        overall = overall.expand(-1, -1, x.shape[-1])
        weights = self.attention(torch.cat([x, overall], 1)).softmax(-1)
        return torch.cat(_moments(x, weights), 1)


class _Convolution(nn.Module):
    """Convolution over time, ReLU, batch norm. ``(B, in, T) -> (B, out, T)``."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, dilation: int = 1) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.convolution = nn.Conv1d(inputs, outputs, kernel, padding=padding, dilation=dilation)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(F.relu(self.convolution(x)))


class _Block(nn.Module):
    """SE-Res2Block (figure 2): groups of channels see each other in turn, then are weighted."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        width = channels // SCALE
        self.before, self.after = _Convolution(channels, channels), _Convolution(channels, channels)
        self.groups = nn.ModuleList(
            _Convolution(width, width, 3, dilation) for _ in range(SCALE - 1)
        )
        self.excite = nn.Sequential(
            nn.Linear(channels, BOTTLENECK),
            nn.ReLU(),
            nn.Linear(BOTTLENECK, channels),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        first, *others = self.before(x).chunk(SCALE, 1)
        done = [first]
        for group, part in zip(self.groups, others, strict=True):
            done.append(group(part if len(done) == 1 else part + done[-1]))
        y = self.after(torch.cat(done, 1))
        return x + y * self.excite(y.mean(-1))[..., None]


def _moments(x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return weighted mean and standard deviation over time, ``(B, C)`` each."""
    mean = (weights * x).sum(-1)
    variance = (weights * (x - mean[..., None]).square()).sum(-1)
    return mean, (variance + 1e-5).sqrt()
