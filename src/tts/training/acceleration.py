"""Activation checkpointing and torch.compile."""

import os
import shutil
import sys

import torch
from torch import nn

from tts.errors import UserError
from tts.modules.stack import Stack
from tts.vocoders.bigvgan import BigVGAN
from tts.vocoders.convnext import ConvNeXt
from tts.vocoders.hifigan import HiFiGAN
from tts.vocoders.univnet import LVCBlock

COMPILED = (Stack, ConvNeXt, HiFiGAN, BigVGAN, LVCBlock)
# keys of trainer=... that are not arguments of Lightning's Trainer
CUSTOM_TRAINER_KEYS = ("checkpoint_activations", "compile")


def accelerate(system: nn.Module, checkpoint_activations: bool, backend: str | None) -> None:
    """Recompute the backbones' activations in the backward pass; compile them with ``backend``.

    Results stay the same, within the rounding of compiled kernels. Of a vocoder only the generator
    is compiled: the discriminators run on real and generated clips, with and without gradients,
    and each case would be another graph. Raises UserError for a model without such parts, an
    unknown backend and a missing compiler.
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
    # backbones share their code, and each needs a graph or two: beyond the limit torch would
    # run the remaining ones uncompiled
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 8 * len(parts))
    for part in parts:
        # one graph for all lengths of utterances; a vocoder's clips all have one length
        part.compile(backend=backend, dynamic=isinstance(part, Stack) or None)


def _compiler() -> str | None:
    """Find the C++ compiler as inductor does."""
    return shutil.which(os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++"))
