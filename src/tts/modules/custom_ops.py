"""Operators of our own, which torch.compile takes as they are."""

from collections.abc import Callable, Sequence
from typing import Any

import torch


def define_once(
    name: str,
    schema: str,
    kernel: Callable[..., Any],
    shapes: Callable[..., Any],
    backward: tuple[Callable[..., Any], Callable[..., Any]] | None = None,
    tags: Sequence[torch.Tag] = (),
) -> None:
    """``torch.ops.<name>``: what it does, what comes out of it, and ``(setup, backward)``.

    A module that is loaded again keeps the operators of the first time: torch takes a name once.
    """
    room, _, operator = name.partition("::")
    if hasattr(getattr(torch.ops, room), operator):
        return
    torch.library.define(name, schema, tags=tags)
    torch.library.impl(name, "default", kernel)
    torch.library.register_fake(name, shapes)
    if backward is not None:
        torch.library.register_autograd(name, backward[1], setup_context=backward[0])
