"""Files and terminals that fail: one error that names the file, and nothing half-written."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors import SafetensorError

from tts.config.reporting import user_error
from tts.files import (
    FileError,
    atomic_path,
    file_error,
    read_text,
    require_writable,
    write_json,
    write_text,
)


def broken_place(fault: str, folder: Path) -> Path:
    (folder / "file").write_text("x")
    (folder / "loop").symlink_to("loop")
    return {
        "below a file": folder / "file" / "x.json",
        "folder": folder,
        "loop": folder / "loop" / "x.json",
        "long": folder / ("x" * 300),
    }[fault]


FAULTS = ("below a file", "folder", "loop", "long")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_place_that_cannot_be_used_is_named(fault: str, tmp_path: Path) -> None:
    path = broken_place(fault, tmp_path)
    with pytest.raises(FileError, match=r".: .+; \w+ "):
        write_text(path, "hello")
    with pytest.raises(FileError, match=r".: .+; \w+ "):
        read_text(path)
    if fault != "folder":
        with pytest.raises(FileError, match=r"^out="):
            require_writable(path, "out=")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "loop"]


def fail_to_write(path: Path, error: Exception) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        raise error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left (os error 28)"),
    ],
)
def test_a_full_disk_keeps_the_earlier_file_and_leaves_no_folder(
    error: Exception, tmp_path: Path
) -> None:
    write_text(tmp_path / "a.txt", "earlier")
    for path in (tmp_path / "a.txt", tmp_path / "new/er/b.txt"):
        with pytest.raises(FileError, match=rf"{path}: no space left .*; free some space"):
            fail_to_write(path, error)
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "earlier"


def test_a_link_keeps_its_target_and_a_device_is_written_directly(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("target")
    write_text(tmp_path / "link", "hello")
    assert (tmp_path / "target").read_text() == "hello"
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o666 & ~_umask()
    (tmp_path / "null").symlink_to(os.devnull)
    write_text(tmp_path / "null", "hello")
    assert Path(os.devnull).is_char_device()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_file_name_that_is_not_utf8_is_kept_as_an_escape(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"id": "caf\udce9"})
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == {"id": "caf\udce9"}


def test_errors_of_the_disk_are_the_users_and_others_are_bugs() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    assert "/run: no space left" in str(user_error(full, "/run"))
    assert "/x: permission denied; change" in str(user_error(PermissionError(13, "", "/x")))
    wrapped = RuntimeError("while writing")
    wrapped.__cause__ = full
    assert user_error(wrapped) is not None
    torch = RuntimeError("unable to open </torch_1> in read-write mode: Too many open files (24)")
    assert "open files; raise the limit" in str(user_error(torch))
    assert user_error(RuntimeError("Expected size (24)")) is None
    assert user_error(OSError("without a number")) is None
    assert user_error(KeyError("x")) is None
    import tts.files

    assert user_error(FileNotFoundError(2, "", tts.files.__file__)) is None
    assert "is a file, not a folder" in str(file_error(OSError(errno.EEXIST, ""), __file__))


PROGRAM = """
import os, sys
from tts.config.reporting import reported
from tts.console import console
with reported():
    for number in range(2000):
        print("row", number, "\\u25b2 [red] :smile: \\u4f60")
    console().print("[red] :smile: [/x]")
    open(sys.argv[1], "w").write("done")
"""


@pytest.mark.parametrize(
    ("shell", "status", "out", "err"),
    [
        ("{} | head -1", 0, "row 0 ^ [red] :smile: \\u4f60\n", ""),
        ("{} > /dev/full", 1, "", "error: standard output: no space left on device\n"),
        ("{} >&-", 0, "", ""),
        ("{} 2>&- <&- | tail -1", 0, "[red] :smile: [/x]\n", ""),
    ],
)
def test_output_that_nobody_reads_costs_no_result(
    shell: str, status: int, out: str, err: str, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    line = f"{sys.executable} {tmp_path}/program.py {tmp_path}/result"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {shell.format(line)}"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": "src"},
        cwd=Path(__file__).parents[1],
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, out, err)
    assert (tmp_path / "result").read_text() == "done"
