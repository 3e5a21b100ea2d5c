"""What a version of a database is: its file together with the write-ahead log beside it."""

import os
import stat
from contextlib import suppress
from pathlib import Path

import duckdb

from warehouse.errors import SparsityError
from warehouse.files import sync
from warehouse.opening import NO_DOWNLOADS, utf8_name
from warehouse.quoting import literal

NO_FILE = "none"
#: How DuckDB says that a checkpoint ended where `debug_checkpoint_abort` told it to.
_STOPPED = "aborted before truncate"


class ChangedError(SparsityError):
    """The published file is no longer the version that the work began with; nothing was published."""


def beside(path: Path, suffix: str) -> Path:
    """Return the path with a suffix after its whole name."""
    return path.with_name(path.name + suffix)


def log_of(path: Path) -> Path:
    """Return the path of the write-ahead log of a database file."""
    return beside(path, ".wal")


def identity(path: Path) -> str:
    """Return a text that changes with every change of a database file or of its write-ahead log."""
    file, log = _file_identity(path), _file_identity(log_of(path))
    return file if log == NO_FILE else f"{file} {log}"


def is_plain_file(path: Path) -> bool:
    """Tell whether a path is a file itself: no link, no folder, not nothing."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def fold_log(copy: Path) -> None:
    """Apply the write-ahead log of a copied database to its file, and keep the log, marked as applied.

    File and log are replaced one after the other, and a job can be killed in between. Before DuckDB puts a
    checkpoint in force, it marks the log with it: the marked log is replayed into the file from before the
    checkpoint and skipped with the file from after it. So it fits both. A checkpoint that is stopped
    before it removes the log leaves exactly these two files.

    Raises:
        duckdb.Error: the log cannot be replayed, or the disk is full.
    """
    untouched = copy.stat().st_mtime_ns
    connection = duckdb.connect(":memory:", config=NO_DOWNLOADS)
    try:
        connection.execute("SET debug_checkpoint_abort = 'before_truncate'")
        connection.execute(f"ATTACH {literal(utf8_name(copy))} AS folded (TYPE duckdb)")
        connection.execute("CHECKPOINT folded")
    except duckdb.Error as error:
        if _STOPPED not in str(error):
            raise
    finally:
        with suppress(duckdb.Error):
            connection.close()
    # DuckDB removes a log by itself only where the file holds all of it already.
    if not log_of(copy).exists() and copy.stat().st_mtime_ns != untouched:
        msg = f"DuckDB {duckdb.__version__} does not stop a checkpoint before it removes the log"
        raise RuntimeError(msg)


def put_folded(copy: Path, path: Path, *, expected: str) -> None:
    """Put a copy with its log folded in the place of the version it was made from; see `fold_log`.

    Raises:
        ChangedError: there is another version.
    """
    _check(path, expected)
    if log_of(copy).exists():
        sync(log_of(copy))
        sync(copy)
        os.replace(log_of(copy), log_of(path))  # noqa: PTH105  # beside the rename below
        sync(path.parent)
        os.replace(copy, path)  # noqa: PTH105
        sync(path.parent)
    # The file holds all that was committed. Where DuckDB left no log with the copy, it did before as well.
    log_of(path).unlink(missing_ok=True)


def put(new: Path, path: Path, *, expected: str) -> None:
    """Put a file in the place of the version that is expected there, in one step.

    Raises:
        ChangedError: there is another version.
    """
    _check(path, expected)
    if expected == NO_FILE:
        _put_first(new, path)
    else:
        os.replace(new, path)  # noqa: PTH105  # the rename that the whole design rests on
    sync(path.parent)


def _check(path: Path, expected: str) -> None:
    if identity(path) == expected:
        return
    if expected == NO_FILE:
        raise _appeared(path)
    msg = f"{path} was changed by another program while this job ran, and stays as it is; run the job again"
    raise ChangedError(msg)


def _appeared(path: Path) -> ChangedError:
    return ChangedError(
        f"{path} was not there when this job began and is left alone; move it away and run the job again,"
        " which goes on from here, or name another file with --db"
    )


def _put_first(new: Path, path: Path) -> None:
    """Put a file where there was none; unlike a rename, a hard link fails if one has appeared meanwhile."""
    try:
        os.link(new, path)
    except FileExistsError as error:
        raise _appeared(path) from error
    except OSError:
        # A file system without hard links.
        new.rename(path)
    else:
        new.unlink()


def _file_identity(path: Path) -> str:
    try:
        status = path.stat()
    except FileNotFoundError:
        return NO_FILE
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
