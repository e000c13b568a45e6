"""Memory for time, first minutes for later ones: the numbers that are learned from stay."""

import pytest
import torch
from torch import Tensor

from tests.models.assemble import batch, build
from tts.commands.economy import economise
from tts.errors import UserError


def learned(checkpointing: bool, backend: str | None) -> tuple[float, list[Tensor], int]:
    """The loss, its gradients, and the bytes kept for them."""
    model, loss = build("model/decoder=flow")
    economise(model, checkpointing, backend)
    model.train()
    kept = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal kept
        kept += tensor.nbytes
        return tensor

    torch.manual_seed(3)  # dropout, and where the flow looks
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        total = loss(model(batch()), batch(), 1000).total
    total.backward()
    return float(total), [p.grad for p in model.parameters() if p.grad is not None], kept


def test_recomputed_activations_cost_memory_no_more_and_change_nothing() -> None:
    loss, gradients, kept = learned(False, None)
    again, others, fewer = learned(True, None)
    assert again == loss
    assert all(torch.equal(a, b) for a, b in zip(gradients, others, strict=True))
    assert fewer < 0.6 * kept


def test_a_compiled_model_learns_the_same() -> None:
    loss, gradients, _ = learned(False, None)
    compiled, others, _ = learned(False, "aot_eager")
    assert compiled == pytest.approx(loss, rel=1e-5)
    for a, b in zip(gradients, others, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-5)


def test_what_cannot_be_is_said() -> None:
    model, _ = build()
    with pytest.raises(UserError, match=r"trainer\.compile=magic: choose from .*inductor"):
        economise(model, False, "magic")
    with pytest.raises(UserError, match="checkpoint_activations"):
        economise(torch.nn.Linear(1, 1), True, None)
