"""Whether bf16 pays on this machine: measured, not looked up."""

import time

import torch

# autocast converts weights and activations back and forth; bf16 has to win by more than that
WORTH = 1.25
# no kernel takes so many seconds to plan: where they are fewer, a slow first product proves nothing
PLANNING = 0.1


def choose_precision(precision: str, accelerator: str) -> str:
    """``auto`` -> ``bf16-mixed`` where that beats fp32, else ``32-true``; others as given."""
    if precision != "auto":
        return precision
    if accelerator in ("gpu", "cuda", "auto") and torch.cuda.is_available():
        faster = torch.cuda.is_bf16_supported(including_emulation=False)
    elif accelerator == "cpu" or not torch.backends.mps.is_available():
        faster = _wins(torch.bfloat16, torch.float32)
    else:
        faster = False
    return "bf16-mixed" if faster else "32-true"


def _wins(one: torch.dtype, other: torch.dtype) -> bool:
    """Whether products of ``one`` take clearly less time than those of ``other``."""
    limit = matmul_seconds(other) / WORTH
    return matmul_seconds(one, hopeless=max(50 * limit, PLANNING)) < limit


def matmul_seconds(dtype: torch.dtype, hopeless: float = float("inf")) -> float:
    """The best of a few products of the size a small model's feed-forward makes, on the CPU.

    No more are tried after one that takes over ``hopeless`` seconds: where a CPU has no bf16 units,
    one takes a hundred times what it takes in fp32.
    """
    left = torch.ones(1024, 192, dtype=dtype)
    right = torch.ones(192, 768, dtype=dtype)
    times: list[float] = []
    for _ in range(4):  # the first one also plans the kernel
        start = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - start)
        if times[-1] > hopeless:
            break
    return min(times)
