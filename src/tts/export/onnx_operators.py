"""ONNX forms of operators that torch.onnx lacks or makes slow: registered before an export."""

from typing import Any

import torch
from torch.onnx import symbolic_helper

END = 2**63 - 1


def register_operators(opset: int) -> None:
    """Make the operators of this file known to torch.onnx.export; a second call changes nothing."""
    for name, form in FORMS.items():
        torch.onnx.register_custom_op_symbolic(name, form, opset)


def _transpose(g: Any, x: Any) -> Any:
    rank = symbolic_helper._get_tensor_rank(x)
    assert rank is not None
    return g.op("Transpose", x, perm_i=[*range(rank - 2), rank - 1, rank - 2])


def _and(g: Any, x: Any, y: Any) -> Any:
    return g.op("And", x, y)


def _round(g: Any, x: Any) -> Any:
    return g.op("Round", x)


@symbolic_helper.parse_args("v", "i", "i", "none", "none")
def _diff(g: Any, x: Any, times: int, axis: int, before: None, after: None) -> Any:
    assert times == 1
    later = symbolic_helper._slice_helper(g, x, axes=[axis], starts=[1], ends=[END])
    earlier = symbolic_helper._slice_helper(g, x, axes=[axis], starts=[0], ends=[-1])
    return g.op("Sub", later, earlier)


@symbolic_helper.parse_args("v", "is", "v", "f")
def _rms_norm(g: Any, x: Any, shape: list[int], weight: Any, epsilon: float) -> Any:
    axes = g.op("Constant", value_t=torch.arange(-len(shape), 0))
    square = g.op("ReduceMean", g.op("Mul", x, x), axes, keepdims_i=1)
    shifted = g.op("Add", square, g.op("Constant", value_t=torch.tensor(epsilon)))
    normalized = g.op("Div", x, g.op("Sqrt", shifted))
    return g.op("Mul", normalized, weight)


def _chunk(g: Any, x: Any, chunks: int, dim: int) -> Any:
    """Equal parts; torch's own form computes their size in the graph."""
    return g.op("Split", x, axis_i=dim, num_outputs_i=chunks, outputs=chunks)


FORMS: dict[str, Any] = {
    "aten::mT": _transpose, "aten::__and__": _and, "aten::round": _round, "aten::diff": _diff,
    "aten::rms_norm": _rms_norm, "prim::ConstantChunk": _chunk,
}  # fmt: skip
