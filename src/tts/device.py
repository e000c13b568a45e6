"""Device lookup by name, and the precision of synthesis on it."""

from typing import Literal, get_args

import torch

from tts.errors import UserError

KNOWN = ("cpu", "cuda", "mps", "xpu")
Precision = Literal["auto", "32-true", "bf16-mixed"]


def find_device(name: str | torch.device) -> torch.device:
    """Return the device called ``cpu``, ``cuda``, ``cuda:1``, ``mps``; else UserError."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device).fill_(0.0).item()
    except Exception as error:  # every backend raises its own type
        kind = str(name).partition(":")[0]
        why = "this machine has none" if kind in KNOWN else f"choose from {', '.join(KNOWN)}"
        if kind == "cuda" and torch.cuda.is_available():
            why = f"this machine has cuda:0 to cuda:{torch.cuda.device_count() - 1}"
        raise UserError(f"device={name}: {why}; device=cpu always works") from error
    return device


def uses_bfloat16(precision: str, device: torch.device) -> bool:
    """Return whether ``precision`` of synthesis means bf16 on ``device``; else UserError.

    ``auto``: on CPUs with AMX, whose bf16 matrix products take a quarter of the time of fp32 ones.
    """
    if precision not in get_args(Precision):
        raise UserError(f"precision={precision}: choose from {', '.join(get_args(Precision))}")
    if precision == "auto":
        return device.type == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16"))
    return precision == "bf16-mixed"
