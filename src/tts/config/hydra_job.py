"""Facts about the Hydra job under way: its overrides, group choices, folder and sweep."""

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode


def task_overrides() -> list[str]:
    """Return the overrides that the job was composed with; none outside a Hydra job."""
    return list(HydraConfig.get().overrides.task) if HydraConfig.initialized() else []


def is_given(key: str) -> bool:
    """Return whether the command line sets ``key`` or anything in it."""
    names = (override.partition("=")[0].lstrip("+~") for override in task_overrides())
    return any(name == key or name.startswith(f"{key}.") for name in names)


def group_choices() -> dict[str, str]:
    """Return the choice in every config group, ``{"model": "fastspeech"}``; none outside a job."""
    if not HydraConfig.initialized():
        return {}
    choices = HydraConfig.get().runtime.choices
    return {str(group): str(choice) for group, choice in choices.items() if choice is not None}


def job_folder() -> str:
    """Return the folder that the job writes to; "" outside a Hydra job."""
    return str(HydraConfig.get().runtime.output_dir) if HydraConfig.initialized() else ""


def sweep_job() -> str | None:
    """Return the name of the multirun job under way; None in a single run."""
    hydra = HydraConfig.get()
    if hydra.mode != RunMode.MULTIRUN:
        return None
    return f"job {hydra.job.num} ({' '.join(hydra.overrides.task)})"
