"""Overrides of a resumed run: those that it was started with, before those of the command line.

Without them ``resume=RUN data.clips.frames=64`` would be composed with the default model, which has
no clips. The values that count are still those of the run's own ``config.yaml``.
"""

import json
import os
from collections import Counter
from pathlib import Path

# environment variable, which tells further ranks that their arguments hold them already
INHERITED = "TTS_INHERITED"


def inherit_overrides(arguments: list[str]) -> list[str]:
    """Return ``arguments`` after the overrides of the run that they resume, if they resume one."""
    if INHERITED in os.environ:
        return arguments
    run = next((a.partition("=")[2] for a in arguments if a.startswith("resume=")), "")
    saved = Path(run.strip("'\"")) / ".hydra" / "overrides.yaml"
    if not run or not saved.is_file():
        return arguments
    import yaml

    try:
        found = yaml.safe_load(saved.read_text(encoding="utf-8")) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return arguments  # resuming needs the run's config.yaml alone
    former = [str(o) for o in found if not str(o).startswith(("resume=", "ckpt_path="))]
    os.environ[INHERITED] = json.dumps(former)
    return [*former, *arguments]


def own_overrides(overrides: list[str]) -> list[str]:
    """Return the overrides of the command line alone, without the run's, which come before them.

    An override of the run that the command line repeats is one of the command line.
    """
    left = Counter(json.loads(os.environ.get(INHERITED, "[]")))
    own = []
    for override in overrides:
        if left[override] > 0:
            left[override] -= 1
        else:
            own.append(override)
    return own
