"""Chunks of a sequence that arrives in pieces, each with the context that a local network needs."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor


def in_chunks(
    pieces: Iterable[tuple[Tensor, ...]],
    function: Callable[..., Tensor],
    context: int,
    frames: int,
    rate: int = 1,
    first: int | None = None,
) -> Iterator[Tensor]:
    """Yield ``function`` of a sequence of ``(B, T, ...)`` tensors, ``frames`` at a time.

    ``first``: frames of the first chunk, which later ones double up to ``frames`` (None: all have
    ``frames``). A short first chunk is there sooner, and long ones compute less context again.

    ``function`` returns ``rate`` values for each frame, which depend on at most ``context`` frames
    on either side. A chunk is yielded as soon as the context behind it has arrived, and memory
    holds one chunk with its context.
    """
    size = frames if first is None else min(first, frames)
    held: tuple[Tensor, ...] = ()
    done = 0  # frames of ``held`` that are yielded

    def chunk(stop: int) -> Tensor:
        before, after = max(done - context, 0), min(stop + context, held[0].shape[1])
        result = function(*(x[:, before:after] for x in held))
        return result[:, (done - before) * rate : (stop - before) * rate]

    for piece in pieces:
        both = zip(held, piece, strict=True) if held else ()
        held = tuple(torch.cat(parts, 1) for parts in both) or piece
        while held[0].shape[1] >= done + size + context:
            yield chunk(done + size)
            unused = max(done + size - context, 0)
            held = tuple(x[:, unused:] for x in held)
            done, size = done + size - unused, min(2 * size, frames)
    while held and done < held[0].shape[1]:
        stop = min(done + size, held[0].shape[1])
        yield chunk(stop)
        done, size = stop, min(2 * size, frames)


def as_they_come(
    pieces: Iterable[Tensor], function: Callable[[Tensor], Tensor], context: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield ``(B, T, ...)`` pieces and ``function`` of them, as much as can be known each time.

    ``function`` returns one value for each frame, which depends on at most ``context`` frames on
    either side. The pieces that are yielded join to the same sequence.
    """
    held: Tensor | None = None
    done = 0  # frames of ``held`` that are yielded

    def known(held: Tensor, stop: int) -> tuple[Tensor, Tensor]:
        return held[:, done:stop], function(held)[:, done:stop]

    for piece in pieces:
        held = piece if held is None else torch.cat([held, piece], 1)
        stop = held.shape[1] - context
        if stop > done:
            yield known(held, stop)
            unused = max(stop - context, 0)
            held, done = held[:, unused:], stop - unused
    if held is not None:
        yield known(held, held.shape[1])
