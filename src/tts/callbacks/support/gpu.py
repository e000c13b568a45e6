"""What the driver says of a GPU, through NVML."""

import logging
from typing import Any

import torch

log = logging.getLogger(__name__)


class Gpu:
    """The GPU that a training runs on, as ``nvidia-smi`` sees it."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self.nvml, self.handle = nvml, handle

    def read(self) -> dict[str, float]:
        """``speed/gpu_utilization``: share of the last moments (up to a second) in which a kernel
        ran. ``memory/gpu_used``: GiB that all processes hold together.
        """
        try:
            busy = self.nvml.nvmlDeviceGetUtilizationRates(self.handle).gpu / 100
            used = self.nvml.nvmlDeviceGetMemoryInfo(self.handle).used / 2**30
        except self.nvml.NVMLError as error:  # a slice of a GPU has no utilization of its own
            log.debug("NVML: %s", error)
            return {}
        return {"speed/gpu_utilization": busy, "memory/gpu_used": used}


def find_gpu(device: torch.device) -> Gpu | None:
    """None where there is no GPU, or nobody to ask."""
    if device.type != "cuda":
        return None
    try:
        import pynvml
    except ImportError:
        log.debug("no GPU utilization is logged: it needs nvidia-ml-py, uv sync --extra gpu")
        return None
    try:
        pynvml.nvmlInit()
        # by its name: CUDA_VISIBLE_DEVICES changes the numbers
        name = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        return Gpu(pynvml, pynvml.nvmlDeviceGetHandleByUUID(name))
    except pynvml.NVMLError as error:
        log.debug("no GPU utilization is logged: NVML: %s", error)
        return None
