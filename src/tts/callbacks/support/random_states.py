"""Random states of torch: record, restore, and seed for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def random_states() -> dict[str, Tensor]:
    """Return the states of torch's generators, for :func:`restore_random`."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def restore_random(states: dict[str, Tensor]) -> None:
    """Set torch's generators to the states of :func:`random_states`."""
    torch.set_rng_state(states["cpu"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch inside the block and restore the CPU generator after it."""
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(state)
