"""A bigram language model in the ARPA format, from the texts a corpus holds."""

import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

DISCOUNT = 0.5  # taken from every bigram's count and given to words not seen there
START, END = "<s>", "</s>"


def words(text: str) -> list[str]:
    """Lower-case words of letters and inner apostrophes; all else separates."""
    found = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", text.lower())
    return [word.replace("’", "'") for word in found]


def write_bigrams(path: Path, texts: Iterable[str]) -> set[str]:
    """Write the model and return its vocabulary.

    Absolute discounting, interpolated with the unigrams (Ney, Essen & Kneser 1994, section 3): the
    backed-off mass and the discounted counts add up to one for every history.
    """
    unigrams: Counter[str] = Counter()
    bigrams: Counter[tuple[str, str]] = Counter()
    for text in texts:
        sentence = [START, *words(text), END]
        unigrams.update(sentence[1:])
        bigrams.update(pairwise(sentence))
    total = sum(unigrams.values())
    single = {word: count / total for word, count in unigrams.items()}
    history: Counter[str] = Counter()
    followers: Counter[str] = Counter()
    for (first, _), count in bigrams.items():
        history[first] += count
        followers[first] += 1
    back_off = {word: DISCOUNT * followers[word] / history[word] for word in history}

    lines = ["\\data\\", f"ngram 1={len(single) + 1}", f"ngram 2={len(bigrams)}", "", "\\1-grams:"]
    lines.append(f"-99.0 {START} {math.log10(back_off[START]):.5f}")
    for word in sorted(single):
        weight = math.log10(back_off[word]) if word in back_off else 0.0
        lines.append(f"{math.log10(single[word]):.5f} {word} {weight:.5f}")
    lines += ["", "\\2-grams:"]
    for first, second in sorted(bigrams):
        seen = (bigrams[first, second] - DISCOUNT) / history[first]
        probability = seen + back_off[first] * single[second]
        lines.append(f"{math.log10(probability):.5f} {first} {second}")
    path.write_text("\n".join([*lines, "", "\\end\\", ""]), encoding="utf-8")
    return set(single) - {END}
