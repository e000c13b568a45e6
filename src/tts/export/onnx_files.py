"""ONNX files: optimized once when they are written, quantized on request, with metadata."""

import logging
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

NOT_QUANTIZED = ("spectrum", "stft", "transform")  # parts of names: their errors are audible


def write_optimized(model: "onnx.ModelProto", path: Path, quantize: str | None) -> None:
    """Write a model with constants folded, and its matrices in int8 on request.

    A session of the optimized file starts several times faster. ``quantize="int8"``: dynamic
    quantization (the weights of matrix products; activations as the graph runs).
    """
    import onnx
    import onnxruntime

    plain = path.with_suffix(".plain.onnx")
    onnx.save(model, plain)
    if quantize == "int8":
        _quantize(plain)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(str(plain), options, providers=["CPUExecutionProvider"])
    plain.unlink()
    merged = onnx.load(path)
    _merge_equal_constants(merged.graph)
    onnx.save(merged, path)


def _merge_equal_constants(graph: "onnx.GraphProto") -> None:
    """Keep one of equal constants: each step of a flow has its own copy of the weights."""
    first: dict[bytes, str] = {}
    replaced: dict[str, str] = {}
    for tensor in graph.initializer:
        name, tensor.name = tensor.name, ""
        digest = sha256(tensor.SerializeToString(deterministic=True)).digest()
        tensor.name = name
        if digest in first:
            replaced[name] = first[digest]
        else:
            first[digest] = name
    for node in graph.node:
        node.input[:] = [replaced.get(name, name) for name in node.input]
    unused = [tensor for tensor in graph.initializer if tensor.name in replaced]
    for tensor in unused:
        graph.initializer.remove(tensor)


def set_metadata(path: Path, values: Mapping[str, str]) -> None:
    """Set keys of an ONNX file's metadata."""
    import onnx

    model = onnx.load(path)
    kept = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(model, {**kept, **values})
    onnx.save(model, path)


def run_onnx(path: Path, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Return all outputs of an ONNX file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(inputs))


def _quantize(path: Path) -> None:
    """Replace a file by one whose matrix products have int8 weights."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    names = [
        node.name
        for node in onnx.load(path).graph.node
        if node.op_type in ("MatMul", "Gemm")
        and any(part in name for part in NOT_QUANTIZED for name in (node.name, *node.input))
    ]
    root, level = logging.getLogger(), logging.getLogger().level
    root.setLevel(logging.ERROR)  # advice on graphs that are not optimized, as this one will be
    try:
        quantize_dynamic(
            path, path, weight_type=QuantType.QInt8, per_channel=True,
            op_types_to_quantize=["MatMul", "Gemm"], nodes_to_exclude=names,
        )  # fmt: skip
    finally:
        root.setLevel(level)
