"""Bigram language model of the recognizer."""

import math
from collections import defaultdict
from pathlib import Path

from tts.metrics.language_model import split_words, write_bigram_model


def test_the_bigram_model_is_a_distribution_for_every_history(tmp_path: Path) -> None:
    path = tmp_path / "lm.arpa"
    vocabulary = write_bigram_model(path, ["the cat sat", "the dog sat", "a cat"])
    assert vocabulary == {"the", "cat", "sat", "dog", "a"}
    _, unigrams, bigrams = path.read_text().split("-grams:")
    single: dict[str, tuple[float, float]] = {}
    for line in unigrams.splitlines()[1:]:
        if len(row := line.split()) == 3:
            single[row[1]] = float(row[0]), float(row[2])
    pairs: dict[str, dict[str, float]] = defaultdict(dict)
    for line in bigrams.splitlines()[1:]:
        if len(row := line.split()) == 3:
            pairs[row[1]][row[2]] = 10 ** float(row[0])
    for history in ("<s>", "the", "cat", "sat"):
        back_off = 10 ** single[history][1]
        rest = sum(
            back_off * 10**p
            for word, (p, _) in single.items()
            if word not in pairs[history] and word != "<s>"
        )
        assert math.isclose(sum(pairs[history].values()) + rest, 1.0, abs_tol=1e-3), history


def test_words_are_letters_and_inner_apostrophes() -> None:
    assert split_words("It’s “Bob's” — 5 o'clock!") == ["it's", "bob's", "o'clock"]
