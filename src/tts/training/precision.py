"""Choice of the training precision: whether bf16 is faster on this machine, by measurement."""

import time

import torch
from omegaconf import DictConfig

# bf16 must be faster by this factor, because autocast also converts weights and activations
MIN_SPEEDUP = 1.25
# seconds that planning a kernel may take: a slow first product within them proves nothing
PLANNING = 0.1


def set_precision(config: DictConfig) -> None:
    """Replace ``trainer.precision=auto`` by the measured choice; adapt the optimizer to fp16."""
    trainer = config.trainer
    trainer.precision = choose_precision(trainer.precision, trainer.accelerator)
    if trainer.precision == "16-mixed" and "fused" in config.optimizer:
        # a fused optimizer unscales its gradients itself: clipping would see them scaled
        config.optimizer.fused = False


def choose_precision(precision: str, accelerator: str) -> str:
    """Return ``bf16-mixed`` for ``auto`` where that beats fp32, else ``32-true``.

    Any other ``precision`` is returned as given.
    """
    if precision != "auto":
        return precision
    if accelerator in ("gpu", "cuda", "auto") and torch.cuda.is_available():
        faster = torch.cuda.is_bf16_supported(including_emulation=False)
    elif accelerator == "cpu" or not torch.backends.mps.is_available():
        faster = _clearly_faster(torch.bfloat16, torch.float32)
    else:
        faster = False
    return "bf16-mixed" if faster else "32-true"


def _clearly_faster(one: torch.dtype, other: torch.dtype) -> bool:
    """Whether products in ``one`` take clearly less time than those in ``other``."""
    limit = matmul_seconds(other) / MIN_SPEEDUP
    return matmul_seconds(one, give_up=max(50 * limit, PLANNING)) < limit


def matmul_seconds(dtype: torch.dtype, give_up: float = float("inf")) -> float:
    """Return the fastest of a few matrix products of a small feed-forward's size, on the CPU.

    Stops after one that takes over ``give_up`` seconds: on a CPU without bf16 units, one takes a
    hundred times as long as in fp32.
    """
    left = torch.ones(1024, 192, dtype=dtype)
    right = torch.ones(192, 768, dtype=dtype)
    times: list[float] = []
    for _ in range(4):  # the first one also plans the kernel
        start = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - start)
        if times[-1] > give_up:
            break
    return min(times)
