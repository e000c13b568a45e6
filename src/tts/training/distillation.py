"""Distillation: a flow-matching model that learns to sample in few steps what its teacher does."""

from typing import Any

from torch import nn

from tts.build import build, build_model, model_arguments
from tts.checkpoint import load_run
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.training.freezing import train_only
from tts.training.warm_start import start_from


def distill(path: str, steps: int, model: nn.Module, facts: CorpusFacts) -> None:
    """Fill ``model`` with the teacher's weights and let its flow alone learn from the teacher's.

    ``path``: the teacher's run; ``steps``: of the teacher's ODE solver. Everything but
    ``model.flow`` is frozen. Raises UserError when either has no flow, or when they differ in more
    than the flow.
    """
    run = load_run(path)
    teacher: Any = build_model(build(model_arguments(run.config["model"])), run.require_facts())
    for name, each in ((f"distill_from={path}", teacher), ("this model", model)):
        if getattr(each, "flow", None) is None:
            raise UserError(f"{name} has no flow-matching decoder: both need model/flow=residual")
    run.fill(teacher)
    start_from(path, model, facts)
    student_parts, teacher_parts = (_outside_flow(each) for each in (model, teacher))
    if different := sorted(name for name, _ in student_parts ^ teacher_parts):
        raise UserError(
            f"distill_from={path}: {different[0]} differs from the teacher's; a student may differ "
            "in its flow alone (model/flow/velocity_net=..., size.velocity_net_depth=...)"
        )
    train_only(model, ["flow"])
    flow: Any = model.flow
    flow.distill_from_teacher(teacher.flow, steps)


def _outside_flow(model: nn.Module) -> set[tuple[str, tuple[int, ...]]]:
    """Return the names and shapes of all tensors outside the flow."""
    state = model.state_dict()
    return {(name, tuple(v.shape)) for name, v in state.items() if not name.startswith("flow.")}
