"""A resumed run is composed with the overrides it began with, so that those on top fit its parts.

Without them ``resume=RUN data.clips.frames=64`` would be checked against the default model, which
knows no clips. The values that count are still those of the run's own ``config.yaml``.
"""

import json
import os
from collections import Counter
from pathlib import Path

HANDED_DOWN = "TTS_INHERITED"  # to the processes that this one starts with its own words


def inherit_overrides(arguments: list[str]) -> list[str]:
    """``arguments``, behind the overrides of the run that they resume, if they resume one."""
    if HANDED_DOWN in os.environ:
        return arguments
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
    os.environ[HANDED_DOWN] = json.dumps(former)
    return [*former, *arguments]


def own_overrides(overrides: list[str]) -> list[str]:
    """Those of the command line alone: without what came with the run, which stands before them.

    What is said again, in the words of the run's own beginning, is given.
    """
    left = Counter(json.loads(os.environ.get(HANDED_DOWN, "[]")))
    ours = []
    for override in overrides:
        if left[override] > 0:
            left[override] -= 1
        else:
            ours.append(override)
    return ours
