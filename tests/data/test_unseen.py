"""Speakers that a training leaves out: chosen by name or number, absent from facts and splits."""

from pathlib import Path

import pytest

from tests.data.test_datamodule import module
from tts.data.unseen import choose_unseen
from tts.errors import UserError

NAMES = ("26", "ann", "bob", "cat")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["26", "eve"], "no corpus has a speaker eve; choose from 26, ann, bob, cat"),
        (4, "nobody is left to train on"),
        (99, "nobody is left to train on"),
        (NAMES, "nobody is left to train on"),
    ],
)
def test_a_wrong_choice_is_an_error(asked: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        choose_unseen(NAMES, asked, seed=1)  # type: ignore[arg-type]


def test_a_number_is_drawn_by_the_seed_whatever_the_order() -> None:
    drawn = {seed: choose_unseen(NAMES, 2, seed) for seed in range(9)}
    assert all(len(names) == 2 for names in drawn.values())
    assert len(set(drawn.values())) > 1
    assert drawn[3] == choose_unseen(NAMES[::-1], 2, 3)
    assert choose_unseen(NAMES, [26], 1) == {"26"}  # type: ignore[list-item]


def test_left_out_speakers_are_in_no_split_and_in_no_fact(tmp_path: Path) -> None:
    everybody = module(tmp_path)
    data = module(tmp_path, unseen_speakers=["bob"])
    assert data.facts.speakers == ("ann",)
    assert data.unseen == {"bob"}
    assert data.facts.languages == ("en-us",)  # bob's en-gb is not trained
    for split in ("train", "validation"):
        names = {row.speaker for row in data.dataset(split).rows}
        assert names == {"ann"}
        assert 0 < len(data.dataset(split)) < len(everybody.dataset(split))
        assert data.splits()[split] != everybody.splits()[split]
    indices = range(len(data.dataset("train")))
    assert set(data.batch(list(indices), "train").speaker.tolist()) == {0}  # type: ignore[union-attr]
