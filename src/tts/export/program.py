"""Export of a graph in which lengths vary: with torch.export, and to ONNX."""

import importlib.util
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.onnx.errors import OnnxExporterError

from tts.errors import UserError
from tts.export.graphs.acoustic import PROSODY
from tts.export.onnx_operators import register_operators
from tts.plain_data import short
from tts.project_files import install_advice

if TYPE_CHECKING:
    import onnx

PER_TOKEN = ("x", "tokens", "prosody_noise", *PROSODY)
PER_FRAME = ("mel", "reference", "reference_steps", "noise")
BY_BAND = "bands"  # (1, M, T), a mel as sherpa-onnx has it
OPSET = 20
PACKAGES = ("onnx", "onnxruntime")


def export_program(graph: nn.Module, inputs: Mapping[str, Tensor]) -> ExportedProgram:
    """Return the program of ``graph(inputs)`` for any number of tokens and frames.

    Raises UserError for a graph that torch.export does not take.
    """
    varying = {
        name: {1: Dim.DYNAMIC} if name in (*PER_TOKEN, *PER_FRAME) else None for name in inputs
    }
    with _named_failures(), torch.no_grad(), _exportable():
        return torch.export.export(
            graph.eval(), (dict(inputs),), dynamic_shapes=(varying,), strict=False
        )


def to_onnx(
    graph: nn.Module, inputs: Mapping[str, Tensor], outputs: tuple[str, ...]
) -> "onnx.ModelProto":
    """Return the ONNX model of ``graph(inputs)``; ``outputs`` are the names of its results.

    It is traced: torch's newer exporter, through torch.export, takes minutes for the same graph.
    Raises UserError for a graph with an operator that ONNX lacks.
    """
    require_onnx()
    import onnx

    register_operators(OPSET)
    names = [name for name in inputs if name in (*PER_TOKEN, *PER_FRAME, BY_BAND)]
    varying = {name: {2 if name == BY_BAND else 1: f"{name}_length"} for name in names}
    file = BytesIO()
    with _named_failures(), torch.no_grad(), _exportable():
        torch.onnx.export(
            _Positional(graph, tuple(inputs)).eval(), tuple(inputs.values()), file, dynamo=False,  # type: ignore[arg-type]
            input_names=list(inputs), output_names=list(outputs), dynamic_axes=varying,
            opset_version=OPSET,
        )  # fmt: skip
    return onnx.load_from_string(file.getvalue())


class _Positional(nn.Module):
    """A graph with its named inputs in order, as a trace needs them."""

    def __init__(self, graph: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.graph, self.names = graph, names

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        return self.graph(dict(zip(self.names, inputs, strict=True)))


def require_onnx() -> None:
    """Raise UserError, with the command that installs them, without the packages of ONNX."""
    if any(importlib.util.find_spec(name) is None for name in PACKAGES):
        raise UserError(f"this format needs {', '.join(PACKAGES)}: {install_advice('onnx')}")


@contextmanager
def _named_failures() -> Iterator[None]:
    """Raise an exporter's failure as a UserError of one line: the operator, or the first line."""
    try:
        yield
    except (RuntimeError, OnnxExporterError) as error:
        text = " ".join(str(error).split("\n\n")[0].split())
        operator = re.search(r"operator '(\w+::\w+)'", text)
        reason = operator[1] if operator else short(text)
        raise UserError(
            f"the model cannot be exported as a graph: {reason}; use format=voice"
        ) from error


@contextmanager
def _exportable() -> Iterator[None]:
    """Trace convolutions without the choice of a library by size, and without its warnings."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with (
                torch.backends.mkldnn.flags(enabled=False),
                torch.backends.nnpack.flags(enabled=False),
            ):
                yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
