"""GPU utilization and memory as the driver counts them (NVML)."""

import logging
from types import ModuleType

import torch

from tts.project_files import install_advice

log = logging.getLogger(__name__)


class Gpu:
    """One GPU as ``nvidia-smi`` reports it. ``nvml``: the module pynvml; ``handle``: its device."""

    def __init__(self, nvml: ModuleType, handle: object) -> None:
        self.nvml, self.handle = nvml, handle

    def read(self) -> dict[str, float]:
        """Return ``speed/gpu_utilization``, the share of the last second or less in which a kernel
        ran, and ``memory/gpu_used``, GiB held by all processes; nothing if NVML has neither.
        """
        try:
            utilization = self.nvml.nvmlDeviceGetUtilizationRates(self.handle).gpu / 100
            used = self.nvml.nvmlDeviceGetMemoryInfo(self.handle).used / 2**30
        except self.nvml.NVMLError as error:  # a MIG slice has no utilization
            log.debug("NVML: %s", error)
            return {}
        return {"speed/gpu_utilization": utilization, "memory/gpu_used": used}


def find_gpu(device: torch.device) -> Gpu | None:
    """Return the device's GPU; None for a CPU and where NVML is missing or fails."""
    if device.type != "cuda":
        return None
    try:
        import pynvml
    except ImportError:
        log.debug("GPU utilization is not logged: %s", install_advice("gpu"))
        return None
    try:
        pynvml.nvmlInit()
        # by UUID, because CUDA_VISIBLE_DEVICES changes the indices
        name = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
        return Gpu(pynvml, pynvml.nvmlDeviceGetHandleByUUID(name))
    except pynvml.NVMLError as error:
        log.debug("GPU utilization is not logged: NVML: %s", error)
        return None
