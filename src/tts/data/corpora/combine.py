"""One corpus or several corpora from the keys of ``conf/data``."""

import inspect
from collections.abc import Callable, Mapping, Sequence

from tts.data.corpora.source import Corpus
from tts.errors import UserError


def make_corpora(
    source: Callable[..., Corpus],
    entries: Sequence[Mapping[str, object] | Corpus] | None,
    shared: Mapping[str, object],
) -> list[Corpus]:
    """Return ``source(**shared)``, or for each entry ``source`` with its keys over ``shared``.

    An entry that is a corpus is returned as it is. Raises UserError naming a key that ``source``
    does not take.
    """
    if entries is None:
        return [_make(source, shared, "data")]
    if not entries:
        raise UserError("data.corpora=[] is empty; list a corpus, or set null to use data.root")
    return [
        _make(source, {**shared, **entry}, f"data.corpora[{number}]")
        if isinstance(entry, Mapping)
        else entry
        for number, entry in enumerate(entries)
    ]


def _make(source: Callable[..., Corpus], arguments: Mapping[str, object], key: str) -> Corpus:
    parameters = inspect.signature(source).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    if not open_ended and (unknown := sorted(set(arguments) - set(parameters))):
        raise UserError(
            f"{key} has an unknown key: {', '.join(unknown)}; "
            f"choose from {', '.join(sorted(parameters))}"
        )
    return source(**arguments)
