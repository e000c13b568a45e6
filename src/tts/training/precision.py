"""Choice of the training precision: whether bf16 is faster on this machine, by measurement."""

import logging
import time

import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig

info = rank_zero_only(logging.getLogger(__name__).info)

# bf16 must be faster by this factor, because autocast also converts weights and activations
MIN_SPEEDUP = 1.25
# seconds that planning a kernel may take: a slow first product within them proves nothing
PLANNING = 0.1


def set_precision(config: DictConfig) -> None:
    """Replace ``trainer.precision=auto`` by the measured choice; adapt the optimizer to fp16.

    A CPU has no fp16 losses to scale: bf16-mixed replaces 16-mixed there, and the log says so.
    """
    trainer = config.trainer
    trainer.precision = choose_precision(trainer.precision, trainer.accelerator)
    gpu = trainer.accelerator != "cpu" and (torch.cuda.is_available() or _has_mps())
    if trainer.precision in ("16-mixed", "16", 16) and not gpu:
        info("trainer.precision=16-mixed needs a GPU: training in bf16-mixed on this CPU")
        trainer.precision = "bf16-mixed"
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
    elif accelerator == "cpu" or not _has_mps():
        faster = _clearly_faster(torch.bfloat16, torch.float32)
    else:
        faster = False
    return "bf16-mixed" if faster else "32-true"


def _has_mps() -> bool:
    return torch.backends.mps.is_available()


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
