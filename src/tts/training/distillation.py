"""Distillation of a flow-matching decoder into one that needs fewer solver steps."""

from torch import nn

from tts.checkpoint import load_run
from tts.corpus import CorpusFacts
from tts.errors import UserError, naming_key
from tts.models.fastspeech import FastSpeech
from tts.models.flow import ResidualFlow
from tts.training.freezing import train_only
from tts.training.warm_start import start_from


def distill(path: str, steps: int, model: nn.Module, facts: CorpusFacts) -> None:
    """Start ``model`` from the teacher's weights and let its flow learn the teacher's samples.

    ``path``: the teacher's run; ``steps``: of its solver. All but ``model.flow`` is frozen. Raises
    UserError when either has no flow, or when they differ in more than the velocity network.
    """
    with naming_key("distill_from", path):
        run = load_run(path)
    teacher = run.build()
    teacher_flow, flow = _flow_of(teacher, f"distill_from={path}"), _flow_of(model, "this model")
    start_from(path, model, facts)
    student_parts, teacher_parts = (_outside_flow(each) for each in (model, teacher))
    if different := sorted(name for name, _ in student_parts ^ teacher_parts):
        raise UserError(
            f"distill_from={path}: {different[0]} differs from the teacher's; a student may differ "
            "in its velocity network alone (model/flow/velocity_net=..., "
            "size.velocity_net_depth=...)"
        )
    train_only(model, ["flow"])
    flow.distill_from_teacher(teacher_flow, steps)


def _outside_flow(model: nn.Module) -> set[tuple[str, tuple[int, ...]]]:
    """Return the names and shapes of all tensors outside the flow."""
    state = model.state_dict()
    return {(name, tuple(v.shape)) for name, v in state.items() if not name.startswith("flow.")}


def _flow_of(model: nn.Module, name: str) -> ResidualFlow:
    if not isinstance(model, FastSpeech) or model.flow is None:
        raise UserError(f"{name} has no flow-matching decoder: both need model/flow=residual")
    return model.flow
