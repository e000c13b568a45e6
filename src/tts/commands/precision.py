"""Whether bf16 pays on this machine: measured, not looked up."""

import time

import torch

# autocast converts weights and activations back and forth; bf16 has to win by more than that
WORTH = 1.25


def choose_precision(precision: str, accelerator: str) -> str:
    """``auto`` -> ``bf16-mixed`` where that beats fp32, else ``32-true``; others as given."""
    if precision != "auto":
        return precision
    if accelerator in ("gpu", "cuda", "auto") and torch.cuda.is_available():
        faster = torch.cuda.is_bf16_supported(including_emulation=False)
    elif accelerator == "cpu" or not torch.backends.mps.is_available():
        faster = matmul_seconds(torch.float32) > WORTH * matmul_seconds(torch.bfloat16)
    else:
        faster = False
    return "bf16-mixed" if faster else "32-true"


def matmul_seconds(dtype: torch.dtype) -> float:
    """The best of a few products of the size a small model's feed-forward makes, on the CPU."""
    left = torch.ones(1024, 192, dtype=dtype)
    right = torch.ones(192, 768, dtype=dtype)
    times = []
    for _ in range(4):  # the first one also plans the kernel
        start = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - start)
    return min(times)
