"""Custom torch operators, which torch.compile keeps as single nodes of its graph."""

from collections.abc import Callable, Sequence

import torch


def register_operator(
    name: str,
    schema: str,
    kernel: Callable[..., object],
    fake: Callable[..., object],
    backward: tuple[Callable[..., object], Callable[..., object]] | None = None,
    tags: Sequence[torch.Tag] = (),
) -> None:
    """Register ``torch.ops.<namespace>.<operator>`` under ``name``, "namespace::operator".

    ``fake`` returns empty outputs of the right shapes; ``backward`` is (save context, gradients).
    A second call with the same name does nothing, so that a module can be imported again. This is
    torch.library.custom_op without its import of all of torch._dynamo.
    """
    namespace, _, operator = name.partition("::")
    if hasattr(getattr(torch.ops, namespace), operator):
        return
    torch.library.define(name, schema, tags=tags)
    torch.library.impl(name, "default", kernel)
    torch.library.register_fake(name, fake)
    if backward is not None:
        torch.library.register_autograd(name, backward[1], setup_context=backward[0])
