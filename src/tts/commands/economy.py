"""What a training may trade: time for memory, its first minutes for its later ones."""

import os
import shutil
import sys
from typing import Any

import torch
from torch import nn

from tts.errors import UserError
from tts.modules.stack import Stack

OURS = ("checkpoint_activations", "compile")  # of trainer=..., and not Lightning's


def economise(model: nn.Module, checkpoint_activations: bool, backend: str | None) -> None:
    """Recompute the backbones' activations in the backward pass; compile them with ``backend``.

    Neither changes a number that is learned from, but for rounding of what is compiled. A model
    without a backbone of ours is compiled whole. Raises UserError for what cannot be.
    """
    stacks = [part for part in model.modules() if isinstance(part, Stack)]
    if checkpoint_activations:
        if not stacks:
            raise UserError("trainer.checkpoint_activations: this model has no tts.modules.Stack")
        for stack in stacks:
            stack.checkpointing = True
    if backend is None:
        return
    known = torch.compiler.list_backends(exclude_tags=())
    if backend not in known:
        raise UserError(f"trainer.compile={backend}: choose from {', '.join(sorted(known))}")
    if backend == "inductor" and not torch.cuda.is_available() and not _compiler():
        raise UserError("trainer.compile=inductor needs a C++ compiler on a CPU: install g++")
    parts: list[Any] = [*stacks] or [model]
    for part in parts:
        # lengths change from batch to batch: one graph for all of them
        part.compile(backend=backend, dynamic=True)


def _compiler() -> str | None:
    """As inductor looks for one."""
    return shutil.which(os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++"))
