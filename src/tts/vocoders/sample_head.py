"""Head of WaveNeXt: samples straight from the features of a frame, without an inverse STFT."""

import torch
from torch import Tensor, nn

from tts.contract import MelContract


class SampleHead(nn.Module):
    """Map each frame to its ``hop`` samples. ``(B, T, dim) -> (B, T * hop)``.

    The proposed head of WaveNeXt (Okamoto et al. 2023, ASRU). ``project`` is the last layer of
    Vocos, to ``n_fft + 2`` channels. ``samples``, a linear layer without bias, replaces the inverse
    STFT; frames neither overlap nor are windowed. No nonlinearity follows either layer.
    """

    def __init__(self, contract: MelContract, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(dim, contract.n_fft + 2)
        self.samples = nn.Linear(contract.n_fft + 2, contract.hop, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        project, samples = self.project.weight.T, self.samples.weight.T
        # for many frames it is cheaper to multiply the matrices first
        frames = torch.linalg.multi_dot([x.flatten(0, 1), project, samples])
        return (frames + self.project.bias @ samples).reshape(len(x), -1)

    def merged(self) -> nn.Linear:
        """Return both layers as one, ``(B, T, dim) -> (B, T, hop)``."""
        merged = nn.Linear(self.project.in_features, self.samples.out_features)
        with torch.no_grad():
            merged.weight.copy_(self.samples.weight @ self.project.weight)
            merged.bias.copy_(self.samples.weight @ self.project.bias)
        return merged
