"""Voices on the Hugging Face hub: push a folder with its card, pull one and check it.

A folder stands in for the hub: a destination with a path separator at its start (``./shared/anna``,
``/mnt/voices/anna``) is copied to and from.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tts.checkpoint import VOICE, WEIGHTS, load_voice
from tts.containment import require_links_inside
from tts.errors import UserError
from tts.export.model_card import model_card
from tts.files import make_folder, read_bytes, write_bytes, write_text
from tts.plain_data import read_json
from tts.project_files import bundled, install_advice

CARD = "README.md"
FILES = (VOICE, WEIGHTS, CARD, "LICENSE", "NOTICE")
NEEDED = (VOICE, WEIGHTS)


def push(folder: str, repository: str, report: str | None = None, private: bool = False) -> str:
    """Upload a voice's folder; return where it is.

    The card is the folder's README.md, or made of ``report``, the ``report.json`` of an evaluation.
    Raises UserError for a folder that is no voice, before anything is sent.
    """
    source = bundled(folder)
    if not (source / VOICE).is_file():
        raise UserError(
            f"{source} is no folder of a voice: it has no {VOICE}; a run becomes one with "
            f"python -m tts export run={source} out=FOLDER"
        )
    run = load_voice(source)
    about = read_json(source / VOICE).get("about") or {}
    with tempfile.TemporaryDirectory() as place:
        staged = Path(place)
        _copy(source, staged)
        if report is not None or not (staged / CARD).is_file():
            scores = None if report is None else read_json(Path(report))
            write_text(staged / CARD, model_card(source.resolve().name, run, about, scores))
        if _is_folder(repository):
            _copy(staged, make_folder(Path(repository).expanduser()))
            return repository
        return _with_hub(lambda hub: _upload(hub, staged, repository, private), repository)


def pull(repository: str, folder: str) -> Path:
    """Download a voice into ``folder``; return it. Nothing in it is executed.

    Raises UserError for a folder that has a voice already, and for files that are no voice, of
    which none is kept.
    """
    target = Path(folder)
    if (target / VOICE).exists():
        raise UserError(f"{target} holds a voice already: give another folder")
    with tempfile.TemporaryDirectory() as place:
        staged = Path(place)
        if _is_folder(repository):
            source = Path(repository).expanduser()
            if not source.is_dir():
                raise UserError(f"{source}: there is no such folder")
            require_links_inside(source, "copy the files themselves", FILES)
            _copy(source, staged)
        else:
            _with_hub(lambda hub: _download(hub, repository, staged), repository)
        if missing := [name for name in NEEDED if not (staged / name).is_file()]:
            raise UserError(f"{repository} is no voice: it has no {missing[0]}")
        load_voice(staged)
        _copy(staged, make_folder(target))
    return target


def _is_folder(repository: str) -> bool:
    return repository.startswith((".", "/", "~")) or Path(repository).is_absolute()


def _copy(source: Path, target: Path) -> None:
    """Copy the files of a voice, and no others."""
    for name in FILES:
        if (source / name).is_file():
            write_bytes(target / name, read_bytes(source / name))


def _with_hub(task: Callable[[Any], str], repository: str) -> str:
    """Run ``task`` with the package huggingface_hub. Raises UserError."""
    try:
        import huggingface_hub
    except ImportError as error:
        raise UserError(
            f"{repository} needs the package huggingface_hub: run `{install_advice('hub')}`"
        ) from error
    try:
        return task(huggingface_hub)
    except Exception as error:  # its HTTP library, which changes with the version, has its own
        reason = " ".join(str(error).split())
        raise UserError(
            f"{repository}: the hub refuses or is not reached ({reason[:200]})"
        ) from error


def _upload(hub: Any, folder: Path, repository: str, private: bool) -> str:
    api = hub.HfApi()
    api.create_repo(repository, private=private, exist_ok=True)
    return str(api.upload_folder(repo_id=repository, folder_path=folder))


def _download(hub: Any, repository: str, folder: Path) -> str:
    return str(hub.snapshot_download(repository, local_dir=folder, allow_patterns=list(FILES)))
