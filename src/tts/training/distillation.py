"""A model that learns to draw in few steps what another draws in many."""

from typing import Any

from torch import nn

from tts.build import build, build_model, model_arguments
from tts.checkpoint import load_run
from tts.corpus import CorpusFacts
from tts.errors import UserError
from tts.training.freezing import train_only
from tts.training.warm_start import start_from


def distil(path: str, steps: int, model: nn.Module, facts: CorpusFacts) -> None:
    """Give ``model`` the teacher's weights, and its own field, alone, something to learn.

    ``path``: the teacher's run; ``steps``: of its solver. All but ``model.flow`` is frozen. Raises
    UserError when either draws nothing, or when they differ in more than the field.
    """
    run = load_run(path)
    teacher: Any = build_model(build(model_arguments(run.config["model"])), run.require_facts())
    for name, each in ((f"distill_from={path}", teacher), ("this model", model)):
        if getattr(each, "flow", None) is None:
            raise UserError(f"{name} draws nothing: both need model/flow=residual")
    run.fill(teacher)
    start_from(path, model, facts)
    ours, theirs = ({(name, value.shape) for name, value in each.state_dict().items()
                     if not name.startswith("flow.")} for each in (model, teacher))  # fmt: skip
    if different := sorted(name for name, _ in ours ^ theirs):
        raise UserError(
            f"distill_from={path}: {different[0]} is not as in the teacher; a student may differ "
            "in its velocity network alone (model/flow/velocity_net=..., size.velocity_net_depth=...)"
        )
    train_only(model, ["flow"])
    flow: Any = model.flow
    flow.distill_from_teacher(teacher.flow, steps)
