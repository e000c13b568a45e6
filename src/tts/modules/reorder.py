"""Reordering of the utterances in a state of layers that run frame by frame, for beam search."""

from typing import Any

from torch import Tensor


def reordered(state: Any, rows: Tensor) -> Any:
    """Return a layer's state with its rows ``(B,)``: of tensors, and of tuples that hold them.

    A state with a method ``reordered(rows)`` does it by itself, as one whose tensors are large.
    """
    if isinstance(state, Tensor):
        return state[rows]
    if not isinstance(state, tuple):
        return state
    if hasattr(state, "reordered"):
        return state.reordered(rows)
    parts = [reordered(part, rows) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)
