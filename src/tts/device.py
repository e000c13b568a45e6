"""The device that a name means."""

import torch

from tts.errors import UserError

KNOWN = ("cpu", "cuda", "mps", "xpu")


def find_device(name: str | torch.device) -> torch.device:
    """``cpu``, ``cuda``, ``cuda:1``, ``mps``. Raises UserError for one that is not here."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device).fill_(0.0).item()
    except Exception as error:  # each backend has its own when it is not there
        kind = str(name).partition(":")[0]
        why = "this machine has none" if kind in KNOWN else "there is no such device"
        if kind == "cuda" and torch.cuda.is_available():
            why = f"this machine has cuda:0 to cuda:{torch.cuda.device_count() - 1}"
        raise UserError(f"device={name}: {why}; device=cpu always works") from error
    return device
