"""Path of decoder steps: as long in each token as the recording is, whatever a step writes."""

import pytest
import torch

from tts.models.aligned import path_of_steps

DURATIONS = torch.tensor([[3, 0, 4, 5, 1, 7], [2, 9, 4, 0, 0, 0]])  # the second has padding


@pytest.mark.parametrize("each", [1, 2, 3, 4])
def test_a_path_spends_each_tokens_frames_on_it(each: int) -> None:
    path = path_of_steps(DURATIONS, -(-20 // each), each, 1.0)
    assert torch.allclose(path.weights.sum(-1), torch.ones(()))
    for row, durations in zip(path.weights * each, DURATIONS, strict=True):
        last = int(durations.nonzero().max())
        spent = row.sum(0)
        assert torch.allclose(spent[:last], durations[:last].float())
        assert not spent[last + 1 :].any()  # padded steps stay at the last token
        places = (row @ torch.arange(6.0)).tolist()
        assert places == sorted(places)


def test_frames_of_a_codec_are_mapped_by_their_time() -> None:
    slow = path_of_steps(DURATIONS[:1], 10, 1, 2.0).weights[0].argmax(-1)
    mel = path_of_steps(DURATIONS[:1], 20, 1, 1.0).weights[0].argmax(-1)
    assert torch.equal(slow, mel[1::2])
