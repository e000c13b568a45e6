"""Keys whose values are free text or paths: taken as typed, not parsed by Hydra's grammar."""

import re
from collections.abc import Sequence
from pathlib import Path

from tts.errors import UserError

# a path may contain = , [ ] { } $ and spaces, and a name may be a number
PATHS = (
    "run", "resume", "ckpt_path", "init_from", "distill_from", "run_dir", "file", "out",
    "encoder_from",
    "reference", "lexicon", "frontend.lexicon", "settings", "wavs", "text", "ref", "vocoder.path",
    "data.root", "data.download_to", "data.audio", "data.transcription", "data.prepared_dir",
    "data.cache_dir", "data.path", "data.codec", "data.mel_from", "hydra.run.dir",
    "hydra.sweep.dir", "hydra.sweep.subdir", "recording",
)  # fmt: skip
NAMES = (
    "speaker", "language", "name", "data.speaker", "data.language", "data.name", "hub", "device",
    "host", "token",
)  # fmt: skip
FREE_TEXT = ("sentence", "about", "license")
# keys of a command whose text may be "null", and have commas in a multirun
SPOKEN = {
    "synthesize": ("text",),
    "phonemize": ("text",),
    "edit": ("text", "replace", "with", "new_text"),
}
OPEN = ("model.loss.ramps.", "model.loss.decays.")  # take every term of the loss
PLAIN = re.compile(r"[A-Za-z0-9_./-]+")  # a string in Hydra's grammar too, unless it is ...
TYPED = ("true", "false", "null", "nan", "inf", "-inf")  # ... one of these, or a number


def quote_literals(arguments: Sequence[str], config_name: str) -> list[str]:
    """Return the arguments with the values of literal keys quoted for Hydra.

    ``text=Well, hello`` -> ``text='Well, hello'``. In a multirun a comma separates values, unless
    a path with the comma exists. Raises UserError for an argument that is not UTF-8 and for a path
    that is empty.
    """
    for number, argument in enumerate(arguments, start=1):
        if not _is_unicode(argument):
            shown = argument.encode("utf-8", "backslashreplace").decode()
            raise UserError(
                f"argument {number}, {shown}: not UTF-8; rename the file, or use a UTF-8 terminal"
            )
    spoken = SPOKEN.get(config_name, ())
    several = any(re.fullmatch(r"-[a-z]*m[a-z]*|--multirun", a) for a in arguments)
    return [_quote_argument(argument, spoken, several) for argument in arguments]


def with_new_keys(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with a plus before keys of ``OPEN`` sections.

    The files of ``conf/`` list only the terms that have a ramp or a decay by default, and Hydra
    asks for a plus before a key that no file lists.
    """
    return [f"++{a}" if a.startswith(OPEN) and "=" in a else a for a in arguments]


def _quote_argument(argument: str, spoken: tuple[str, ...], several: bool) -> str:
    key, equals, value = argument.partition("=")
    name = key.lstrip("+")
    if equals and not value and name in PATHS and name not in (*spoken, "text", "ref"):
        raise UserError(f"{key}= is empty: give a path, or leave {key}= out")
    if not equals or not value or argument.startswith("-") or _plain(value):
        return argument
    if name in (*spoken, *FREE_TEXT):
        free = name in spoken or value != "null"
        return f"{key}={_quote(value)}" if free and not _quoted(value) else argument
    if name not in (*PATHS, *NAMES) or value == "null":
        return argument
    if name.startswith(("hydra.", "run_dir")) and "${" in value:  # may interpolate, as in conf/
        return argument
    exists = _exists(value)
    if _quoted(value) and not exists:  # quoted for Hydra already
        return argument
    if several and "," in value and not exists:
        values = [v if _quoted(v) or v == "null" else _quote(v) for v in value.split(",")]
        return f"{key}={','.join(values)}"
    return f"{key}={_quote(value)}"


def _quote(value: str) -> str:
    """Return ``value`` in single quotes, with Hydra's special characters escaped."""
    # backslashes right before a quote, ``${`` or the end are doubled, or they would escape it
    value = re.sub(r"(\\*)('|\Z)", lambda m: m[1] * 2 + ("\\'" if m[2] else ""), value)
    value = re.sub(r"(\\*)\$\{", lambda m: m[1] * 2 + "\\${", value)
    return f"'{value}'"


def _plain(value: str) -> bool:
    """Return whether Hydra reads ``value`` as the string that it is."""
    try:
        float(value)
    except ValueError:
        return PLAIN.fullmatch(value) is not None and value.lower() not in TYPED
    return False


def _quoted(value: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] and value[0] in "'\""


def _exists(value: str) -> bool:
    try:
        return Path(value).exists()
    except (OSError, ValueError):
        return False


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
