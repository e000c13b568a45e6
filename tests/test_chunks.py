"""Chunks of a sequence that arrives in pieces."""

import pytest
import torch
from torch import Tensor

from tts.chunks import in_chunks


def smoothed(x: Tensor) -> Tensor:
    """Sum over seven frames, each repeated: it depends on three frames on either side."""
    kernel = torch.ones(1, 1, 7)
    return torch.conv1d(x.mT, kernel, padding=3).mT.repeat_interleave(2, 1)


@pytest.mark.parametrize("sizes", [(1,) * 30, (4, 20, 6), (30,), (2, 2)])
@pytest.mark.parametrize("frames", [1, 5, 64])
@pytest.mark.parametrize("first", [None, 2])
def test_chunks_equal_the_complete_result(
    sizes: tuple[int, ...], frames: int, first: int | None
) -> None:
    x = torch.randn(1, sum(sizes), 1, generator=torch.Generator().manual_seed(0))
    pieces = [(piece,) for piece in x.split(list(sizes), 1)]
    longest = 0

    def local(part: Tensor) -> Tensor:
        nonlocal longest
        longest = max(longest, part.shape[1])
        return smoothed(part)

    chunks = list(in_chunks(pieces, local, 3, frames, 2, first))
    if first is not None:
        lengths = [chunk.shape[1] // 2 for chunk in chunks[:-1]]
        assert lengths == [min(2 * 2**n, frames) for n in range(len(lengths))]
    found = torch.cat(chunks, 1)
    assert torch.allclose(found, smoothed(x), atol=1e-5)
    assert longest <= frames + 6
    assert list(in_chunks([], local, 3, frames)) == []
