"""The device that a name means."""

import torch

from tts.errors import UserError


def find_device(name: str | torch.device) -> torch.device:
    """``cpu``, ``cuda``, ``cuda:1``, ``mps``. Raises UserError for one that is not here."""
    try:
        device = torch.device(name)
        torch.empty(1, device=device).fill_(0.0).item()
    except (RuntimeError, AssertionError) as error:  # a torch without CUDA asserts
        why = str(error).splitlines()[0].split(". ")[0].rstrip(".")
        if str(name).partition(":")[0] not in ("cpu", "cuda", "mps", "xpu"):
            why = "there is no such device"  # torch lists twenty
        raise UserError(f"device={name}: {why}. Use device=cpu, or what this machine has") from None
    return device
