"""One corpus or several, from what the config says."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tts.data.corpora.source import Corpus
from tts.errors import UserError


def make_corpora(
    source: Callable[..., Corpus],
    entries: Sequence[Mapping[str, Any] | Corpus] | None,
    shared: Mapping[str, Any],
) -> list[Corpus]:
    """``source(**shared)``, or for each entry what it says over what is shared.

    An entry that is a corpus already is taken as it is. Raises UserError naming an entry's key
    that ``source`` does not take.
    """
    if entries is None:
        return [source(**shared)]
    if not entries:
        raise UserError("data.corpora=[] names no corpus; null means one, from data.root")
    known = set(inspect.signature(source).parameters)
    corpora: list[Corpus] = []
    for number, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            corpora.append(entry)
            continue
        if unknown := sorted(set(entry) - known):
            raise UserError(
                f"data.corpora[{number}] has {', '.join(unknown)}; "
                f"known are {', '.join(sorted(known))}"
            )
        corpora.append(source(**{**shared, **entry}))
    return corpora
