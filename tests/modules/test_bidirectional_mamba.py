"""Bidirectional Mamba: symmetry of its two scans."""

import torch
from torch import Tensor

from tts.masks import mask_from_lengths
from tts.modules.bidirectional_mamba import BidirectionalMamba, reverse_sequence
from tts.modules.stack import Context

DIM = 32


def frames(size: int = 40) -> Tensor:
    return torch.randn(2, size, DIM, generator=torch.Generator().manual_seed(1))


def test_a_reversed_input_gives_a_reversed_output_with_the_scans_swapped() -> None:
    torch.manual_seed(0)
    mixer = BidirectionalMamba(DIM, head_dim=16, state=8, chunk=8)
    mask = mask_from_lengths(torch.tensor([40, 23]))
    context = Context(mask)
    forward = mixer(frames(), context)
    mixer.forward_mamba, mixer.backward_mamba = mixer.backward_mamba, mixer.forward_mamba
    with torch.no_grad():
        mixer.fuse.weight.copy_(mixer.fuse.weight.roll(DIM, 1))
    backward = reverse_sequence(mixer(reverse_sequence(frames(), mask), context), mask)
    assert torch.allclose(forward[mask], backward[mask], atol=1e-5)
