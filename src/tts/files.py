"""Files: complete or untouched when written, and every error of the disk in one line."""

import errno
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from stat import S_ISREG

from tts.errors import UserError

StrPath = str | os.PathLike[str]
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
REMEDIES = {  # of the errors that the machine causes, not the program
    **dict.fromkeys(FULL, "free some space and run the same command again"),
    errno.EFBIG: "raise the limit on the size of files, ulimit -f",
    **dict.fromkeys((errno.EACCES, errno.EPERM), "change its permissions or those of its folder"),
    errno.EROFS: "choose another folder",
    errno.ENOTDIR: "choose a path whose parents are folders",
    errno.EEXIST: "choose another path",
    errno.EISDIR: "give the path of a file",
    errno.ELOOP: "remove the loop",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOENT: "check the path",
    errno.EMFILE: "raise the limit, ulimit -n 4096",
    errno.ENFILE: "close other programs",
    errno.EIO: "check the disk",
    errno.EBUSY: "close the program that uses it",
    errno.ETXTBSY: "close the program that uses it",
    errno.ESTALE: "check the network file system",
    errno.ENXIO: "give the path of a file",
    errno.ENODEV: "give the path of a file",
}
_numbers = count()  # of temporary files


class FileError(UserError):
    """A file or folder that cannot be read or written; the message names it and the reason."""


def disk_error(error: BaseException | None) -> OSError | None:
    """Return the error of the disk or the file system behind an exception; None for another one."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, OSError) and error.errno in REMEDIES:
            return error
        # safetensors and torch raise errors of their own, with the number in their messages
        if found := re.search(r"\(os error (\d+)\)|\b([A-Z][a-z ]+) \((\d+)\)", str(error)):
            number = int(found[1] or found[3])
            if found[1] or (number in REMEDIES and os.strerror(number) == found[2]):
                return OSError(number, os.strerror(number))
        error = error.__cause__ or error.__context__
    return None


def file_error(error: OSError, path: StrPath | None = None) -> FileError:
    """Return ``error`` as a FileError: the path, what is wrong with it and what to do.

    ``path``: that of the file, None = the one that the error names.
    """
    number = error.errno or 0
    place = path if path is not None else error.filename2 or error.filename
    reason = (os.strerror(number) if number else str(error)).lower()
    remedy = REMEDIES.get(number, "check the path and the disk")
    if place is None:
        return FileError(f"{reason}; {remedy}")
    place = os.fsdecode(place) if isinstance(place, bytes) else str(place)
    if number in (errno.ENOTDIR, errno.EEXIST) and (above := _file_above(Path(place))):
        where = "it" if above == Path(place) else str(above)
        reason, remedy = f"{where} is a file, not a folder", "choose another path"
    return FileError(f"{printable(place)}: {printable(reason)}; {remedy}")


@contextmanager
def named_errors(path: StrPath) -> Iterator[None]:
    """Raise the errors of the disk that occur inside as FileErrors about ``path``."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if (cause := disk_error(error)) is None:
            raise
        raise file_error(cause, path) from error


@contextmanager
def atomic_path(path: StrPath) -> Iterator[Path]:
    """Yield a temporary path to write to; at the end of the block the file is renamed to ``path``.

    An exception, a kill or a full disk leaves an earlier file at ``path`` untouched and no part of
    the new one. The folder is created if necessary; a link keeps pointing to the file, and a device
    or pipe is written directly. Raises FileError for a file that cannot be written.
    """
    with named_errors(path):
        target = Path(os.path.realpath(path))
        try:
            regular = S_ISREG(target.stat().st_mode)
        except FileNotFoundError:
            regular = True
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not regular:
            yield target
            return
        created = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}-{next(_numbers)}")
        try:
            with temporary.open("xb") as file:  # reports what forbids it by its number
                mode = os.fstat(file.fileno()).st_mode
            yield temporary
            temporary.chmod(mode)  # some libraries write files that only their owner can read
            _flush(temporary)
            os.replace(temporary, target)
            _flush(target.parent)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
                for folder in created:  # those that are empty
                    folder.rmdir()
            raise


def probe(path: StrPath) -> None:
    """Raise FileError where the folder of ``path`` takes no more data, and say why."""
    with named_errors(path):
        temporary = Path(path).parent / f".probe.{os.getpid()}-{next(_numbers)}"
        try:
            with temporary.open("xb") as file:
                file.write(bytes(1 << 18))
                os.fsync(file.fileno())
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_bytes(path: StrPath, content: bytes) -> None:
    """Write a file, completely or not at all. Raises FileError."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: StrPath, text: str) -> None:
    """Write a UTF-8 file, completely or not at all. Raises FileError.

    A lone surrogate, from a file name that is not UTF-8, is written as ``\\udc..``.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: StrPath, value: object, indent: int | None = 1) -> None:
    """Write JSON, completely or not at all. Raises FileError."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def make_folder(path: StrPath) -> Path:
    """Create a folder and its parents, unless they exist. Raises FileError."""
    with named_errors(path):
        Path(path).mkdir(parents=True, exist_ok=True)
    return Path(path)


def require_writable(path: StrPath, key: str = "") -> None:
    """Raise FileError where no file can be created at or below ``path``; no file is left.

    For commands that write at their end. ``key`` is the option that gave the path, ``"out="``.
    """
    with named_errors(f"{key}{path}"):
        place = Path(os.path.realpath(path))
        while True:
            try:
                place.lstat()
                break
            except (FileNotFoundError, NotADirectoryError):  # others, as a long name, are reported
                place = place.parent
        place.stat()  # a loop of links, a folder that may not be searched
        if not place.is_dir() and place != Path(os.path.realpath(path)):
            raise FileError(f"{key}{path}: {place} is a file, not a folder; choose another path")
        folder = place if place.is_dir() else place.parent
        if not (os.access(place, os.W_OK) and os.access(folder, os.W_OK | os.X_OK)):
            read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
            number = errno.EROFS if read_only else errno.EACCES
            raise OSError(number, os.strerror(number), str(place))
        with tempfile.TemporaryFile(dir=folder):  # /proc denies it to all
            pass


def require_other_file(out: StrPath, source: StrPath, key: str) -> None:
    """Raise FileError where ``out=`` is the file that ``key=source`` names, also through links.

    Writing it would replace what is read, which can be the only copy.
    """
    same = os.path.realpath(out) == os.path.realpath(source)
    with suppress(OSError):  # one of them does not exist, or cannot be read
        same = same or os.path.samefile(out, source)
    if same:
        raise FileError(f"out={out} is the file of {key}={source}: give another name")


def move_aside(folder: Path, paths: Iterable[Path]) -> Path:
    """Move ``paths`` to ``folder/previous-<n>``, a new folder; return that folder."""
    number = 1
    while (aside := folder / f"previous-{number}").exists():
        number += 1
    aside.mkdir()
    for path in paths:
        path.rename(aside / path.name)
    return aside


def read_bytes(path: StrPath) -> bytes:
    """Read a file. Raises FileError naming it."""
    with named_errors(path):
        return Path(path).read_bytes()


def read_text(path: StrPath) -> str:
    """Read a UTF-8 file, with or without a byte order mark. Raises FileError naming it."""
    return decode(read_bytes(path), path)


def decode(content: bytes, path: StrPath) -> str:
    """Return UTF-8 text without its byte order mark. Raises FileError naming ``path``."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(
            f"{printable(path)}: not UTF-8 text (byte {error.start}); convert it to UTF-8"
        ) from error


def printable(text: object) -> str:
    """Return ``text`` with the bytes of a file name that are not UTF-8 as ``\\udc..``."""
    return str(text).encode("utf-8", "backslashreplace").decode()


def _file_above(path: Path) -> Path | None:
    """Return ``path`` or the nearest parent of it that exists, if it is a file; else None."""
    for place in (path, *path.parents):
        with suppress(OSError):
            if os.path.lexists(place):
                return None if place.is_dir() else place
    return None


def _flush(path: Path) -> None:
    """Flush a file or a folder, so that it survives a power cut, where the system allows it."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno in FULL or error.errno == errno.EIO:
            raise
    finally:
        os.close(handle)
