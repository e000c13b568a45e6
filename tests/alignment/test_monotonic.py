"""Laws of MAS: the path is valid and the most probable, and both implementations agree."""

from itertools import combinations

import pytest
import torch
from torch import Tensor

from tts.alignment.lengths import ImpossibleAlignmentError
from tts.alignment.monotonic import monotonic_alignment_search, search_torch
from tts.masks import mask_from_lengths


def all_durations(tokens: int, frames: int) -> list[list[int]]:
    """Return all durations of ``tokens`` that are at least 1 and sum to ``frames``."""
    cuts = combinations(range(1, frames), tokens - 1)
    return [
        [b - a for a, b in zip((0, *cut), (*cut, frames), strict=True)] for cut in cuts
    ]  # fmt: skip


def path_score(log_attention: Tensor, durations: list[int]) -> Tensor:
    index = torch.repeat_interleave(torch.arange(len(durations)), torch.tensor(durations))
    return log_attention[torch.arange(len(index)), index].sum()


@pytest.mark.parametrize(("tokens", "frames"), [(1, 1), (1, 4), (3, 3), (3, 7), (4, 9)])
def test_search_equals_brute_force(tokens: int, frames: int) -> None:
    torch.manual_seed(frames)
    log_attention = torch.randn(1, frames, tokens).mul(3).log_softmax(-1)
    durations = monotonic_alignment_search(
        log_attention, torch.tensor([tokens]), torch.tensor([frames])
    )
    best = max(
        all_durations(tokens, frames), key=lambda d: float(path_score(log_attention[0], d))
    )  # fmt: skip
    assert durations[0].tolist() == best


@pytest.fixture
def batch() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    token_lengths = torch.tensor([20, 7, 1, 13, 20])
    frame_lengths = torch.tensor([90, 60, 5, 13, 21])
    return torch.randn(5, 90, 20).mul(3).log_softmax(-1), token_lengths, frame_lengths


def test_every_real_token_gets_a_frame_and_every_frame_a_token(batch) -> None:
    _, token_lengths, frame_lengths = batch
    durations = monotonic_alignment_search(*batch)
    real = mask_from_lengths(token_lengths)
    assert torch.equal(durations.sum(1), frame_lengths)
    assert (durations[real] >= 1).all()
    assert (durations[~real] == 0).all()


def test_torch_and_the_compiled_kernel_agree(batch) -> None:
    assert torch.equal(monotonic_alignment_search(*batch), search_torch(*batch))


def test_they_agree_on_ties(batch) -> None:
    flat = torch.zeros_like(batch[0])
    assert torch.equal(monotonic_alignment_search(flat, *batch[1:]), search_torch(flat, *batch[1:]))


def test_padding_does_not_change_the_durations(batch) -> None:
    log_attention, token_lengths, frame_lengths = batch
    durations = monotonic_alignment_search(*batch)
    for row in range(len(durations)):
        tokens, frames = token_lengths[row], frame_lengths[row]
        alone = log_attention[row : row + 1, :frames, :tokens]
        found = monotonic_alignment_search(
            alone, token_lengths[row : row + 1], frame_lengths[row : row + 1]
        )
        assert torch.equal(found[0], durations[row, :tokens])


def test_a_dominant_token_does_not_break_the_order() -> None:
    log_attention = torch.full((1, 6, 3), -10.0)
    log_attention[0, :, 1] = 0.0
    durations = monotonic_alignment_search(log_attention, torch.tensor([3]), torch.tensor([6]))
    assert durations.tolist() == [[1, 4, 1]]


def test_nan_still_gives_a_valid_path(batch) -> None:
    broken = torch.full_like(batch[0], torch.nan)
    for search in (monotonic_alignment_search, search_torch):
        assert torch.equal(search(broken, *batch[1:]).sum(1), batch[2])


def test_fewer_frames_than_tokens_names_the_utterance() -> None:
    with pytest.raises(ImpossibleAlignmentError, match="row 1: 4 tokens in 3 frames"):
        monotonic_alignment_search(torch.zeros(2, 5, 4), torch.tensor([4, 4]), torch.tensor([5, 3]))
