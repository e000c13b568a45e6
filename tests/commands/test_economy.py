"""Memory for time, first minutes for later ones: the numbers that are learned from stay."""

import pytest
import torch
from hydra.utils import instantiate
from torch import Tensor

from tests.models.assemble import batch, build, config
from tts.commands.economy import economise
from tts.errors import UserError
from tts.modules.context import Context


def learned(checkpointing: bool) -> tuple[float, list[Tensor], int]:
    """The loss, its gradients, and the bytes kept for them."""
    model, loss = build("model/decoder=flow")
    economise(model, checkpointing, None)
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
    return total.item(), [p.grad for p in model.parameters() if p.grad is not None], kept


def test_recomputed_activations_cost_memory_no_more_and_change_nothing() -> None:
    loss, gradients, kept = learned(False)
    again, others, fewer = learned(True)
    assert again == loss
    assert all(torch.equal(a, b) for a, b in zip(gradients, others, strict=True))
    assert fewer < 0.6 * kept


def test_a_compiled_backbone_learns_the_same_from_lengths_that_change() -> None:
    def learns(backend: str | None) -> list[Tensor]:
        torch.manual_seed(0)
        stack = instantiate(config("size.decoder_depth=1", "model/decoder=conv").model.decoder)(
            dim=16
        ).eval()
        economise(stack, False, backend)
        said = []
        for frames in (40, 56):
            x = torch.randn(2, frames, 16)
            said.append(stack(x, Context(mask=torch.ones(2, frames, dtype=torch.bool))))
        sum(y.square().sum() for y in said).backward()
        return [*said, *(p.grad for p in stack.parameters())]

    for ours, theirs in zip(learns("aot_eager"), learns(None), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_is_said() -> None:
    model, _ = build()
    with pytest.raises(UserError, match=r"trainer\.compile=magic: choose from .*inductor"):
        economise(model, False, "magic")
    with pytest.raises(UserError, match="checkpoint_activations"):
        economise(torch.nn.Linear(1, 1), True, None)
