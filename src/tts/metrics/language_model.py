"""Bigram language model in the ARPA format, for the speech recognizer."""

import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

DISCOUNT = 0.5  # of every bigram count, for unseen bigrams
START, END = "<s>", "</s>"


def split_words(text: str) -> list[str]:
    """Return lower-case words of letters and inner apostrophes; all else separates words."""
    found = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text.lower())
    return [word.replace("’", "'") for word in found]


def write_bigram_model(path: Path, texts: Iterable[str]) -> set[str]:
    """Write a bigram model of ``texts`` to ``path`` and return its vocabulary.

    Absolute discounting, interpolated with the unigrams (Ney, Essen & Kneser 1994, section 3):
    back-off mass and discounted counts add up to one for every history.
    """
    unigrams: Counter[str] = Counter()
    bigrams: Counter[tuple[str, str]] = Counter()
    for text in texts:
        sentence = [START, *split_words(text), END]
        unigrams.update(sentence[1:])
        bigrams.update(pairwise(sentence))
    total = sum(unigrams.values())
    unigram = {word: count / total for word, count in unigrams.items()}
    history: Counter[str] = Counter()
    followers: Counter[str] = Counter()
    for (first, _), count in bigrams.items():
        history[first] += count
        followers[first] += 1
    back_off = {word: DISCOUNT * followers[word] / history[word] for word in history}

    lines = ["\\data\\", f"ngram 1={len(unigram) + 1}", f"ngram 2={len(bigrams)}", "", "\\1-grams:"]
    lines.append(f"-99.0 {START} {math.log10(back_off[START]):.5f}")
    for word in sorted(unigram):
        weight = math.log10(back_off[word]) if word in back_off else 0.0
        lines.append(f"{math.log10(unigram[word]):.5f} {word} {weight:.5f}")
    lines += ["", "\\2-grams:"]
    for first, second in sorted(bigrams):
        discounted = (bigrams[first, second] - DISCOUNT) / history[first]
        probability = discounted + back_off[first] * unigram[second]
        lines.append(f"{math.log10(probability):.5f} {first} {second}")
    path.write_text("\n".join([*lines, "", "\\end\\", ""]), encoding="utf-8")
    return set(unigram) - {END}
