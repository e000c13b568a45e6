"""Refinement of codes: kept tokens, rounds, schedules and stopping, with a made-up prediction."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from tts.controls import SynthesisControls
from tts.errors import UserError
from tts.models.acoustic import Refinement
from tts.models.masking import SCHEDULES, draw_mask
from tts.models.refinement import Guess, RefinementSettings, refine

SIZE, FRAMES, CODEBOOKS, ENTRIES = 2, 20, 3, 7
LENGTHS = torch.tensor([20, 13])


class Predict:
    """Logits that depend on all tokens; it keeps what it was asked."""

    def __init__(self, helpful: float | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        shape = (CODEBOOKS * (ENTRIES + 1), ENTRIES)
        self.table = torch.randn(shape, generator=generator)
        self.place = torch.randn(FRAMES, ENTRIES, generator=generator)
        self.asked: list[tuple[int, Tensor]] = []
        self.helpful = helpful

    def __call__(self, tokens: Tensor, level: int) -> Guess:
        self.asked.append((level, tokens.clone()))
        first = torch.arange(CODEBOOKS) * (ENTRIES + 1)
        logits = self.table[tokens + first].sum(2) + self.place
        if self.helpful is None:
            return Guess(logits)
        return Guess(logits, lambda masked: torch.full((SIZE,), self.helpful))


def codes() -> Tensor:
    shape = (SIZE, FRAMES, CODEBOOKS)
    return torch.randint(0, ENTRIES, shape, generator=torch.Generator().manual_seed(1))


def refined(
    settings: RefinementSettings, given: Tensor | None = None, predict: Predict | None = None
) -> tuple[Tensor, Refinement, Predict]:
    predict = predict or Predict()
    kept = torch.zeros(SIZE, FRAMES, CODEBOOKS, dtype=torch.bool) if given is None else given
    generator = torch.Generator().manual_seed(2)
    made = refine(predict, codes(), kept, LENGTHS, settings, ENTRIES, generator)
    return *made, predict


RANDOM = RefinementSettings(5, temperature=1.0, confidence_temperature=2.0)


def test_nothing_changes_where_everything_is_given() -> None:
    real = torch.arange(FRAMES) < LENGTHS[:, None]
    tokens, refinement, predict = refined(RANDOM, torch.ones(SIZE, FRAMES, CODEBOOKS).bool())
    assert torch.equal(tokens, codes() * real[..., None])
    assert not predict.asked
    assert not refinement.rounds.any()
    assert torch.equal(refinement.confidence, real[..., None].expand_as(tokens).float())


def test_one_round_is_the_argmax_of_the_parallel_prediction() -> None:
    tokens, refinement, predict = refined(RefinementSettings(1))
    for level, asked in predict.asked:
        found = Predict()(asked, level).logits.argmax(-1)
        for row, length in enumerate(LENGTHS.tolist()):
            assert torch.equal(tokens[row, :length, level], found[row, :length])
    assert refinement.rounds.tolist() == [[1, 1, 1]] * SIZE


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("rounds", [4, 12, 100])
def test_further_rounds_touch_no_token_that_is_kept(schedule: str, rounds: int) -> None:
    given = torch.rand(SIZE, FRAMES, CODEBOOKS, generator=torch.Generator().manual_seed(3)) < 0.3
    tokens, refinement, predict = refined(
        RANDOM._replace(iterations=rounds, mask_schedule=schedule), given
    )
    real = torch.arange(FRAMES) < LENGTHS[:, None]
    assert torch.equal(tokens[given & real[..., None]], codes()[given & real[..., None]])
    for number, (level, asked) in enumerate(predict.asked):
        known = (asked < ENTRIES) & real[..., None]
        assert torch.equal(asked[known], tokens[known])
        if number and predict.asked[number - 1][0] == level:
            before = predict.asked[number - 1][1]
            assert (asked < ENTRIES).sum() > (before < ENTRIES).sum()
    free = (real[..., None] & ~given).sum(1)
    assert torch.equal(refinement.rounds, free.clamp(max=rounds))
    assert int(refinement.decided.max()) == int(refinement.rounds.max())
    assert not tokens[~real].any()
    assert bool((tokens[real] < ENTRIES).all())


def test_remasking_is_an_option_that_spares_given_tokens() -> None:
    given = torch.zeros(SIZE, FRAMES, CODEBOOKS, dtype=torch.bool)
    given[:, :4] = True
    tokens, _, predict = refined(RANDOM._replace(iterations=8, remask=True), given)
    assert torch.equal(tokens[:, :4], codes()[:, :4])
    levels = [[asked for level, asked in predict.asked if level == k] for k in range(CODEBOOKS)]
    again = [
        (a[..., k] < ENTRIES) & (b[..., k] == ENTRIES)
        for k, asked in enumerate(levels)
        for a, b in pairwise(asked)
    ]
    assert bool(torch.stack(again).any())


def test_rounds_end_early_by_confidence_and_by_the_controller() -> None:
    full = refined(RefinementSettings(6))[1].rounds
    assert full.tolist() == [[6] * CODEBOOKS] * SIZE
    for ended in (
        refined(RefinementSettings(6, stop_confidence=0.0)),
        refined(RefinementSettings(6), predict=Predict(helpful=0.4)),
        refined(RefinementSettings(6, stop_probability=0.8), predict=Predict(helpful=0.7)),
    ):
        assert ended[1].rounds.tolist() == [[1] * CODEBOOKS] * SIZE
        assert torch.equal(ended[0], refined(RefinementSettings(1))[0])
    for lasting in (
        refined(RefinementSettings(6, stop_confidence=1.0)),
        refined(RefinementSettings(6, stop_probability=0.0), predict=Predict(helpful=0.4)),
        refined(RefinementSettings(6, stop_probability=0.6), predict=Predict(helpful=0.7)),
    ):
        assert torch.equal(lasting[1].rounds, full)


def test_rounds_of_each_codebook() -> None:
    assert RefinementSettings((5, 2)).rounds(4) == [5, 2, 2, 2]
    assert RefinementSettings(3).rounds(2) == [3, 3]
    with pytest.raises(UserError, match=r"iterations=\[1, 2, 3\]: there are 3 numbers"):
        RefinementSettings((1, 2, 3)).rounds(2)
    with pytest.raises(UserError, match="top_k=5 has no effect at a temperature of 0"):
        RefinementSettings().updated(SynthesisControls(top_k=5))


def test_a_training_mask_hides_a_level_and_all_finer_ones() -> None:
    lengths = torch.full((400,), 30)
    lengths[::2] = 11
    level = torch.arange(400) % CODEBOOKS
    mask = draw_mask(level, lengths, 34, 0.5, torch.Generator().manual_seed(0))
    real = torch.arange(34) < lengths[:, None]
    hidden = mask.hidden(CODEBOOKS)
    assert not (mask.masked & (mask.given | ~real)).any()
    assert bool(mask.masked.any(-1).all())
    for k in range(CODEBOOKS):
        rows = level == k
        assert torch.equal(hidden[rows][..., k], mask.masked[rows])
        assert not hidden[rows][..., :k].any()
        finer = ~mask.given[rows]
        assert all(torch.equal(hidden[rows][..., j], finer) for j in range(k + 1, CODEBOOKS))
    prompted = mask.given.any(-1)
    assert 0.3 < float(prompted.float().mean()) < 0.5  # some spans hide everything
    share = mask.masked.sum(-1)[~prompted] / lengths[~prompted]
    assert float(share.mean()) == pytest.approx(2 / torch.pi, abs=0.05)  # of a cosine
    padded = draw_mask(level, lengths, 50, 0.5, torch.Generator().manual_seed(0))
    assert torch.equal(padded.masked[:, :34], mask.masked)
