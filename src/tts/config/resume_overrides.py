"""Overrides of a resumed run: those that it was started with, before those of the command line.

Without them ``resume=RUN data.clips.frames=64`` would be composed with the default model, which has
no clips. The values that count are still those of the run's own ``config.yaml``. The run can come
from anybody, so each of its overrides is checked before Hydra composes with it.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from tts.config.package_configs import trusted_packages
from tts.containment import require_links_inside
from tts.errors import UserError
from tts.plain_data import read_yaml, short
from tts.project_files import CONF
from tts.trust import TrustError, require_trusted, trusting

# environment variable, which tells further ranks that their arguments hold them already
INHERITED = "TTS_INHERITED"
SAVED = Path(".hydra") / "overrides.yaml"
# of the run's start alone, or the user's word and not the run's
STARTING = ("resume", "ckpt_path", "run_dir", "trust")
# how Hydra started the run; a resumed run has its folder and is no sweep
HYDRA_START = (
    "hydra.run", "hydra.sweep", "hydra.sweeper", "hydra.launcher", "hydra.job", "hydra.mode",
    "hydra.verbose", "hydra.output_subdir", "hydra/launcher", "hydra/sweeper",
)  # fmt: skip
LINKS = "replace it by what it should hold, or name its target: callbacks.checkpoints.folder=..."
MAX_REFERENCES = 16  # interpolations in all overrides of a run
_CHOICE = re.compile(r"[\w+=-][\w.+=-]*(/[\w+=-][\w.+=-]*)*")


def inherit_overrides(arguments: list[str]) -> list[str]:
    """Return ``arguments`` after the overrides of the run that they resume, if they resume one.

    Raises a UserError for an override of the run that Hydra would act on, that names a class which
    is not trusted (``trust=`` in ``arguments``), or that no command line could hold; one that
    ``arguments`` repeats is the user's own.
    """
    if INHERITED in os.environ:
        return arguments
    run = next((a.partition("=")[2] for a in arguments if a.startswith("resume=")), "")
    if not run:
        return arguments
    folder = _run_folder(run.strip("'\""))
    values = [argument.partition("=")[2].strip("'\"") for argument in arguments]
    require_links_inside(folder, LINKS, given=[v for v in values if v and v != run.strip("'\"")])
    file = folder / SAVED
    if not file.is_file():
        return arguments
    found = read_yaml(file) or []
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
        raise UserError(f"{file}: expected a list of overrides; remove the file, and give them")
    with trusting(trusted_packages(arguments)):
        former = [o for o in found if o not in arguments and _is_inherited(o, file, arguments)]
    if sum(o.count("${") for o in former) > MAX_REFERENCES:
        raise TrustError(f"{file}: has more than {MAX_REFERENCES} interpolations")
    os.environ[INHERITED] = json.dumps(former)
    first = _first_override(arguments)  # argparse takes overrides in one piece, behind options
    return [*arguments[:first], *former, *arguments[first:]]


def _first_override(arguments: list[str]) -> int:
    for index, argument in enumerate(arguments):
        value_of_option = index > 0 and arguments[index - 1].startswith("--config")
        if "=" in argument and not argument.startswith("-") and not value_of_option:
            return index
    return 0


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


def _run_folder(resume: str) -> Path:
    """Return the folder of a run, of its checkpoints or of one of them."""
    path = Path(resume)
    path = path.parent if path.suffix == ".ckpt" else path
    return path.parent if path.name == "checkpoints" else path


def _is_inherited(override: str, file: Path, arguments: list[str]) -> bool:
    """Return whether to compose with an override of the run. Raises UserError for a harmful one."""
    from tts.config.compose import parse_overrides

    try:
        parsed = parse_overrides([override])[0]
        swept = parsed.is_sweep_override()
        value = None if swept else parsed.value()
    except Exception as error:  # the grammar raises many kinds
        raise UserError(f"{file}: cannot read {short(override)}; remove it") from error
    key = str(parsed.key_or_group)
    name = re.split(r"[./]", key)[0]
    if name in STARTING:
        return False
    if override in arguments:
        return True
    packages = (parsed.package or "", getattr(parsed, "pkg1", None) or "")
    if key == "name" and ".." in str(value):  # of the folder of a multirun
        raise TrustError(f"{file}: {short(override)} is not the name of a run; remove it")
    if name == "hydra" or any(p.startswith("hydra") or "_global_" in p for p in packages):
        if any(f"{key}.".startswith(f"{own}.") for own in HYDRA_START) and not any(packages):
            return False
        raise TrustError(
            f"{file}: {short(override)} changes Hydra itself and is not taken over from a run; if "
            "you trust it, repeat it on the command line"
        )
    if swept:
        raise UserError(f"{file}: {short(override)} is a sweep; remove it")
    require_trusted(_nested(key, value), str(file), live=True)
    if (CONF / key).is_dir() or "/" in key:
        for choice in value if isinstance(value, list) else [value]:
            if choice is not None and not _CHOICE.fullmatch(str(choice)):
                raise TrustError(f"{file}: {short(override)} names a file outside conf/{key}")
    return True


def _nested(key: str, value: object) -> Mapping[str, object]:
    """``("a.b", 1)`` -> ``{"a": {"b": 1}}``."""
    for part in reversed(key.split(".")):
        value = {part: value}
    assert isinstance(value, dict)
    return value
