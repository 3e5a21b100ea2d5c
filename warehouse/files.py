"""Writing files whole: one appears, or takes the place of another, only when all of it is on the disk."""

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import SparsityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator

#: Modes of files, and of folders, that only their owner may read.
PRIVATE, PRIVATE_FOLDER = 0o600, 0o700


class ExistingFileError(UsageError):
    """There is a file already, and replacing it was not asked for."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already; choose another name (a command replaces it with --force)")


@contextmanager
def written_whole(path: Path, *, replace: bool = True, mode: int | None = None) -> "Generator[Path]":
    """Yield the name of a new file beside `path`, to be written; it becomes `path` when the block ends well.

    The file keeps the mode and owner of the one it replaces, unless `mode` is given. A link stays a link:
    what it leads to is replaced. A device or a pipe cannot be replaced and is written as it is.

    Raises:
        ExistingFileError: there is a file and `replace` is false.
        UsageError: no file can be made there; raised, like the above, before the block begins.
        SparsityError: the block, or the step after it, could not write.
    """
    if "\0" in str(path) or str(path) == "-":
        reason = (
            "standard output is not written here; name a file"
            if str(path) == "-"
            else "a name holds no null character"
        )
        msg = f"cannot write {path}: {reason}"
        raise UsageError(msg)
    if _is_stream(path):
        with _told_as(SparsityError, path):
            yield path
        return
    with _told_as(UsageError, path):
        target = Path(os.path.realpath(path))
        present = _present(target)
        if present is not None and not replace:
            raise ExistingFileError(path)
        partial = _create_beside(target, present, mode)
    try:
        with _told_as(SparsityError, path):
            given = stat.S_IMODE(partial.stat().st_mode)
            yield partial
            partial.chmod(given)  # some libraries make a file of their own and rename it
            sync(partial)
            _put_in_place(partial, target, replace=replace)
            sync(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def read_finite(path: Path) -> bytes:
    """Return the content of a file or a pipe, never waiting or reading for ever.

    Raises:
        OSError: it cannot be read, is a device, which may have no end, or a pipe that nothing comes through.
    """
    kind = path.stat().st_mode
    if stat.S_ISCHR(kind) or stat.S_ISBLK(kind):
        raise OSError(errno.EINVAL, "it is a device and no file")
    # Opening a pipe otherwise waits for somebody who writes.
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        os.set_blocking(file.fileno(), True)
        content = file.read()
    if stat.S_ISFIFO(kind) and not content:
        raise OSError(errno.ENODATA, "nothing comes through this pipe")
    return content


@contextmanager
def no_more_open_than(path: Path) -> "Generator[None]":
    """Create every file and folder of this process, while the block lasts, as closed to others as a file is.

    Libraries create files of their own, logs for instance, with the rights that the process gives by default.
    """
    mode = path.stat().st_mode
    usual = os.umask(0o077)
    os.umask(usual | sum(bits for bits in (0o070, 0o007) if not mode & bits & 0o044))
    try:
        yield
    finally:
        os.umask(usual)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told_as(kind: type[SparsityError], path: Path) -> "Generator[None]":
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        msg = f"cannot write {path}: {error.strerror or error}"
        raise kind(msg) from error


def _is_stream(path: Path) -> bool:
    """Tell whether a path is written through, as /dev/stdout and pipes are, rather than replaced."""
    # /dev/stdout may lead to a regular file that others have open, to append to it.
    if path.is_absolute() and path.parts[1:2] in {("dev",), ("proc",)}:
        return path.parts[1:3] != ("dev", "shm")
    with suppress(OSError):
        kind = path.stat().st_mode
        return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))
    return False


def _present(target: Path) -> os.stat_result | None:
    """Return what is known of a file that may be replaced; None where there is none.

    Raises:
        IsADirectoryError: it is a folder, which no file can replace.
        PermissionError: it is write-protected, which a rename would ignore.
    """
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(None, "it is a folder")
    if not os.access(target, os.W_OK):
        raise PermissionError(None, "it is write-protected")
    return status


def _create_beside(target: Path, present: os.stat_result | None, mode: int | None) -> Path:
    # Its own short name: that of the target may be as long as a name can be.
    partial = target.with_name(f".{secrets.token_hex(8)}.partial")
    created = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        if present is not None:
            with suppress(PermissionError):
                os.fchown(created, present.st_uid, present.st_gid)
        if mode is None and present is not None:
            mode = stat.S_IMODE(present.st_mode)
        if mode is not None:
            os.fchmod(created, mode)
    finally:
        os.close(created)
    return partial


def _put_in_place(partial: Path, target: Path, *, replace: bool) -> None:
    if not replace:
        try:
            # Unlike a rename, a hard link fails if a file has appeared since the block began.
            os.link(partial, target)
        except FileExistsError:
            raise ExistingFileError(target) from None
        except OSError:
            pass  # a file system without links
        else:
            return
    partial.replace(target)
