"""Activation checkpointing and torch.compile: losses and gradients stay the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes import composed, model_factory
from hydra.utils import instantiate
from torch import Tensor
from torch._dynamo.utils import counters

from tests.models.assemble import batch, build, config
from tts.callbacks.eager_validation import EagerValidation
from tts.contract import MelContract
from tts.errors import UserError
from tts.modules.context import Context
from tts.training.acceleration import accelerate
from tts.training.run import train


def learned(checkpointing: bool) -> tuple[float, list[Tensor], int]:
    """Return the loss, its gradients, and the bytes kept for them."""
    model, loss = build("model/flow=residual")
    accelerate(model, checkpointing, None)
    model.train()
    kept = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal kept
        kept += tensor.nbytes
        return tensor

    torch.manual_seed(3)  # dropout and flow times
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        total = loss(model(batch()), batch(), 1000).total
    total.backward()
    return total.item(), [p.grad for p in model.parameters() if p.grad is not None], kept


def test_activation_checkpointing_saves_memory_and_gives_equal_gradients() -> None:
    loss, gradients, kept = learned(False)
    again, others, fewer = learned(True)
    assert again == loss
    assert all(torch.equal(a, b) for a, b in zip(gradients, others, strict=True))
    assert fewer < 0.6 * kept


@pytest.mark.parametrize(
    ("mixer", "checkpointing"), [("mamba_conv", False), ("transformer", False), ("conv", True)]
)
def test_a_compiled_backbone_learns_the_same_from_lengths_that_change(
    mixer: str, checkpointing: bool
) -> None:
    """Including dropout."""

    def train_steps(backend: str | None) -> list[Tensor]:
        torch.manual_seed(0)
        stack = instantiate(config("size.decoder_depth=1", f"model/decoder={mixer}").model.decoder)(
            dim=16
        ).train()
        accelerate(stack, checkpointing, backend)
        outputs = []
        for frames in (40, 56, 64):
            x = torch.randn(2, frames, 16)
            outputs.append(stack(x, Context(mask=torch.ones(2, frames, dtype=torch.bool))))
        sum(y.square().sum() for y in outputs).backward()
        return [*outputs, *(p.grad for p in stack.parameters())]

    with full_graphs(most=2):
        compiled = train_steps("aot_eager")
    for ours, theirs in zip(compiled, train_steps(None), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "family",
    ["vocos", "hifigan", "bigvgan model.kernels=[3] model.dilations=[[1]]",
     "univnet model.dilations=[1]"],
)  # fmt: skip
def test_a_compiled_vocoder_learns_the_same(family: str) -> None:
    mel = torch.randn(2, 24, 80) - 5

    def train_steps(backend: str | None) -> list[Tensor]:
        torch.manual_seed(0)
        factory = model_factory(composed("train", *f"model={family}".split(), "model/size=tiny"))
        model = factory(MelContract()).train()
        accelerate(model, False, backend)
        wave = model(mel)
        wave.square().sum().backward()
        return [wave, *(p.grad for p in model.parameters() if p.grad is not None)]

    with full_graphs():
        compiled = train_steps("aot_eager")
    for ours, theirs in zip(compiled, train_steps(None), strict=True):
        assert (ours - theirs).norm() <= 1e-4 * theirs.norm() + 1e-6


def test_validation_runs_uncompiled() -> None:
    compiled = 0

    def backend(graph: Any, _: Any) -> Any:
        nonlocal compiled
        compiled += 1
        return graph.forward

    double = torch.compile(lambda x: 2 * x, backend=backend, dynamic=False)
    callback, inputs = EagerValidation(), [torch.ones(n) for n in (3, 4, 5, 6)]
    double(inputs[0])
    try:
        callback.on_validation_start()
        double(inputs[1])
        during = compiled
        callback.on_validation_end()
        double(inputs[2])
        after = compiled
        callback.on_validation_start()
        callback.on_exception()
        double(inputs[3])
    finally:
        torch.compiler.set_stance("default")
    assert (during, after, compiled) == (1, 2, 3)


def test_a_training_is_compiled_and_its_validations_are_not(
    tmp_path: Path, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs: list[int] = []
    for moment in ("on_validation_start", "on_validation_end"):
        real = getattr(EagerValidation, moment)

        def noted(self: Any, *_: Any, real: Any = real) -> None:
            graphs.append(counters["stats"]["unique_graphs"])
            real(self)

        monkeypatch.setattr(EagerValidation, moment, noted)
    with full_graphs():
        train(
            composed(
                "train", "model/size=tiny", "model/encoder=conv", "model/decoder=conv",
                "trainer=cpu", "trainer.compile=eager", "trainer.max_steps=2",
                "trainer.val_check_interval=1", "data.limit=24", "data.workers=0", "logger=none",
                f"data.prepared_dir={prepared}", f"run_dir={tmp_path}/run",
                "callbacks.validation_metrics=null", "callbacks.metric_history=null",
            )
        )  # fmt: skip
    starts, ends = graphs[::2], graphs[1::2]
    assert len(starts) == 3, "the sanity check, and one after each step"
    assert starts == ends
    assert starts[0] == 0 < starts[1]


@contextmanager
def full_graphs(most: int = 100) -> Iterator[None]:
    """Require that something is compiled inside, without graph breaks."""
    torch._dynamo.reset()
    counters.clear()
    yield
    assert 0 < counters["stats"]["unique_graphs"] <= most
    assert not counters["graph_break"]


def test_impossible_settings_are_rejected() -> None:
    model, _ = build()
    with pytest.raises(UserError, match=r"trainer\.compile=magic: choose from .*inductor"):
        accelerate(model, False, "magic")
    with pytest.raises(UserError, match="checkpoint_activations"):
        accelerate(torch.nn.Linear(1, 1), True, None)
    with pytest.raises(UserError, match="no part that is known to compile"):
        accelerate(torch.nn.Linear(1, 1), False, "aot_eager")
