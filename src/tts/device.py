"""Device lookup by name."""

import torch

from tts.errors import UserError

KNOWN = ("cpu", "cuda", "mps", "xpu")


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
