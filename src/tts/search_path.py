"""Search path of modules: a command imports nothing from the folder that it is started in.

``python -m`` searches the current folder first, and so do the processes that multiprocessing
starts: in a downloaded folder, a ``torch.py`` would be executed. Settings that packages read from
there are hidden too. This module imports nothing that Python has not loaded before it.
"""

import os
import sys

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # src
REPOSITORY = os.path.dirname(SOURCE)
# numba reads .numba_config.yaml in the current folder, which can name a folder of pickles; a
# variable of the environment replaces its entry, and an empty one means the default
NUMBA = ("NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES")
# read by matplotlib and numba, whichever package imports them
SETTINGS = ("matplotlibrc", ".numba_config.yaml")
HIDDEN = "TTS_HIDE_SETTINGS"  # environment variable: a command has started this process
# NVIDIA's libcusparseLt, a part of torch, looks for it in the current folder and these in it
DRIVER = "libcuda.so.1"
DRIVER_FOLDERS = ("glibc-hwcaps", "tls", "haswell", "avx512_1", "x86_64")


def started_as_module() -> bool:
    """Return whether ``python -m`` is importing this package to run a module of it."""
    words = sys.orig_argv
    if sys.argv[:1] != ["-m"] or "-m" not in words[:-1]:
        return False
    return words[words.index("-m") + 1].partition(".")[0] == "tts"


def leave_out_current_folder(as_module: bool = False) -> None:
    """Take the current folder from the search path, of this process and those that it starts.

    ``as_module``: ``python -m`` has added it as the first entry. It stays where it is this
    repository, whose owner can keep a package of his own in it, and where ``PYTHONPATH`` names it.
    Ends the command with status 2 in a folder with a library that torch would load.
    """
    try:
        here = os.getcwd()
    except OSError:  # it was removed
        here = ""
    _require_no_driver()
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if here not in (SOURCE, REPOSITORY):
        if as_module and not sys.flags.safe_path and sys.path[:1] == [here]:
            del sys.path[0]
        if "" in entries and here not in entries and "." not in entries:  # PYTHONPATH=:/x
            sys.path[:] = [entry for entry in sys.path if entry not in ("", here)]
    named = [entry for entry in entries if entry]
    own = [place for place in (REPOSITORY, SOURCE) if place in sys.path and place not in named]
    if own or named:
        os.environ["PYTHONPATH"] = os.pathsep.join([*own, *named])
    os.environ["PYTHONSAFEPATH"] = "1"
    for name in NUMBA:
        os.environ.setdefault(name, "")
    if here not in (SOURCE, REPOSITORY):
        os.environ[HIDDEN] = "1"
        hide_settings()


def started_by_command() -> bool:
    """Return whether a command in a folder from elsewhere has started this process."""
    return HIDDEN in os.environ


def hide_settings() -> None:
    """Let packages find no settings in the current folder; neither has an option for that."""
    exists = os.path.exists

    def exists_elsewhere(path: "int | str | bytes | os.PathLike[str] | os.PathLike[bytes]") -> bool:
        return path not in SETTINGS and exists(path)

    os.path.exists = exists_elsewhere


def _require_no_driver() -> None:
    found = [DRIVER] if os.path.lexists(DRIVER) else []
    for top in DRIVER_FOLDERS:
        found += [
            os.path.join(parent, DRIVER) for parent, _, names in os.walk(top) if DRIVER in names
        ]
    if found:
        print(
            f"error: {os.path.abspath(found[0])} would be executed by torch; start the command in "
            "another folder",
            file=sys.stderr,
        )
        raise SystemExit(2)
