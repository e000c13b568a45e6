"""A resumed run is composed with the overrides it began with, so that those on top fit its parts.

Without them ``resume=RUN data.clips.frames=64`` would be checked against the default model, which
knows no clips. The values that count are still those of the run's own ``config.yaml``.
"""

from pathlib import Path

_inherited: set[str] = set()


def inherit(arguments: list[str]) -> list[str]:
    """``arguments``, behind the overrides of the run that they resume, if they resume one."""
    run = next((a.partition("=")[2] for a in arguments if a.startswith("resume=")), "")
    saved = Path(run.strip("'\"")) / ".hydra" / "overrides.yaml"
    if not run or not saved.is_file():
        return arguments
    import yaml

    try:
        found = yaml.safe_load(saved.read_text(encoding="utf-8")) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return arguments  # the run's config.yaml is what resuming needs; this is a convenience
    former = [str(o) for o in found if not str(o).startswith(("resume=", "ckpt_path="))]
    _inherited.update(former)
    return [*former, *arguments]


def inherited(override: str) -> bool:
    """Whether an override came with the run and not from the command line."""
    return override in _inherited
