"""What a training may trade: time for memory, its first minutes for its later ones."""

import os
import shutil
import sys

import torch
from torch import nn

from tts.errors import UserError
from tts.modules.stack import Stack
from tts.vocoders.bigvgan import BigVGAN
from tts.vocoders.hifigan import HiFiGAN
from tts.vocoders.vocos import ConvNeXt

COMPILED = (Stack, ConvNeXt, HiFiGAN, BigVGAN)
CUSTOM_TRAINER_KEYS = ("checkpoint_activations", "compile")  # of trainer=..., and not Lightning's


def accelerate(system: nn.Module, checkpoint_activations: bool, backend: str | None) -> None:
    """Recompute the backbones' activations in the backward pass; compile them with ``backend``.

    Neither changes a number that is learned from, but for rounding of what is compiled. Of a
    vocoder the generator is compiled and its judges are not: they see recordings and copies, with
    and without gradients, and each would be a graph of its own. Raises UserError for what cannot
    be.
    """
    stacks = [part for part in system.modules() if isinstance(part, Stack)]
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
    parts = [part for part in system.modules() if isinstance(part, COMPILED)]
    if not parts:
        raise UserError("trainer.compile: this model has no part that is known to compile")
    # backbones share their code, and each needs a graph or two of its own: beyond the limit torch
    # would run what is left uncompiled
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 8 * len(parts))
    for part in parts:
        # utterances' lengths change from batch to batch, and one graph is for all; clips' do not
        part.compile(backend=backend, dynamic=isinstance(part, Stack) or None)


def _compiler() -> str | None:
    """As inductor looks for one."""
    return shutil.which(os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++"))
