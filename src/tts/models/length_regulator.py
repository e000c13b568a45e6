"""Length regulator: repeats token states into frames, ``stride`` frames per decoder step.

FastSpeech (Ren et al. 2019, section 3.2), with two additions: frames are folded into decoder steps,
and every frame gets its position within its token.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tts.alignment.regulator import frame_to_token_index, gather_tokens


class LengthRegulator(nn.Module):
    """``(B, N, dim)`` and durations -> ``(B, ceil(T / stride), dim)``.

    Folding is a linear map of ``stride`` concatenated frames. It is applied to the tokens, which
    are several times fewer than frames, and gathered afterwards: the same numbers for less work.
    """

    def __init__(self, dim: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.fold = nn.Linear(dim, dim * stride, bias=False)  # one (dim, dim) map per frame
        self.position = nn.Linear(3 * stride, dim)

    def forward(
        self, states: Tensor, durations: Tensor, frame_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return decoder inputs and their mask ``(B, ceil(T / stride))``.

        ``states (B, N, dim)``, ``durations (B, N)`` int64, ``frame_mask (B, T)`` bool.
        """
        size, tokens, dim = states.shape
        frames = frame_mask.shape[1]
        index = frame_to_token_index(durations, frames)  # (B, T)
        position = _position_in_token(index, durations) * frame_mask[..., None]  # (B, T, 3)
        padding = -frames % self.stride
        index, mask = F.pad(index, (0, padding)), F.pad(frame_mask, (0, padding))
        position = F.pad(position, (0, 0, 0, padding))

        folded = self.fold(states).reshape(size, tokens, self.stride, dim)
        index = index.reshape(size, -1, self.stride)
        mask = mask.reshape(size, -1, self.stride)
        steps = self.position(position.reshape(size, -1, 3 * self.stride).to(states.dtype))
        for frame in range(self.stride):
            repeated = gather_tokens(folded[:, :, frame], index[:, :, frame])
            steps = steps + repeated * mask[:, :, frame, None].to(states.dtype)
        step_mask = mask.any(-1)
        return steps * step_mask[..., None], step_mask


def _position_in_token(index: Tensor, durations: Tensor) -> Tensor:
    """Return ``(B, T, 3)``: a frame's fraction from its token's start and end; log length."""
    starts = torch.cumsum(durations, -1) - durations
    start, length = starts.gather(1, index), durations.gather(1, index).clamp(min=1)
    offset = torch.arange(index.shape[1], device=index.device) - start + 0.5
    fraction = offset / length
    return torch.stack([fraction, 1 - fraction, length.float().log() - 2.0], -1)
