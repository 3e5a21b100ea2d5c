"""One writer at a time: an advisory lock on a file beside the database, freed by the kernel on any exit."""

import fcntl
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import SparsityError

if TYPE_CHECKING:
    from collections.abc import Generator


class LockedError(SparsityError):
    """Another process writes to the database, or holds it open for writing."""


class NotWritableError(SparsityError):
    """The folder or the file of the database cannot be written."""


@contextmanager
def writer_lock(database: Path) -> "Generator[None]":
    """Hold the writer lock of a database; the lock file is left behind and means nothing by itself.

    Raises:
        LockedError: another job holds the lock; the message names its process.
        NotWritableError: the lock file cannot be created.
    """
    descriptor = _open(database.with_name(database.name + ".lock"))
    try:
        _acquire(descriptor, database)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def current_writer(database: Path) -> int | None:
    """Return the process that writes to a database now; None where nobody does, or it cannot be told.

    Reads what the kernel lists and takes no lock: even a shared one, held for a moment, could turn a
    writer away.
    """
    try:
        status = database.with_name(database.name + ".lock").stat()
        locks = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in locks:
        # 1: FLOCK  ADVISORY  WRITE 4711 fd:00:123456 0 EOF; a lock that waits has -> in front.
        fields = line.split()
        if fields[1:2] == ["FLOCK"] and fields[5:6] == [place]:
            return int(fields[4])
    return None


def _open(path: Path) -> int:
    """Open the lock file, which is only the owner's and is never reached through a link."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        if not os.path.lexists(path):
            msg = f"cannot write in {path.parent}: {error.strerror}; choose a database elsewhere with --db"
        else:
            msg = f"cannot use {path} as the lock file: {error.strerror}; remove it"
        raise NotWritableError(msg) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        os.close(descriptor)
        msg = f"cannot use {path} as the lock file: it is no plain file of that one name; remove it"
        raise NotWritableError(msg)
    if status.st_uid == os.geteuid():
        os.fchmod(descriptor, 0o600)
    return descriptor


def _acquire(descriptor: int, database: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        msg = f"another job (process {holder or 'unknown'}) is writing to {database}; wait for it or stop it"
        raise LockedError(msg) from error
