"""Reading a database that a writer may replace at any moment."""

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import duckdb

from warehouse import schema
from warehouse.opening import (
    CATALOG,
    Config,
    UnreadableDatabaseError,
    attach_read_only,
    damage_of,
    damaged,
    memory_share,
    use,
)

Identity = tuple[int, int]
T = TypeVar("T")
DEFAULT_SHARE = 0.8  # of the memory, as DuckDB takes without a limit
#: The limit is that of all cursors: a query that ended would take it from one that still runs.
_LARGER_LIMIT = threading.Lock()


class Reader:
    """A read-only view of the published database that follows it from file to file.

    Every replacement of the file has a new inode. `refresh` notices it and attaches the new file; cursors
    handed out before keep reading the old one until they are closed, so no query ever sees half of each.
    """

    def __init__(self, path: Path, config: Config | None = None) -> None:
        """Attach the database at once.

        Raises:
            SparsityError: as `warehouse.opening.attach_read_only` does, or the file is of an older version.
        """
        self.path = path
        self._config = config
        self._lock = threading.Lock()
        self._identity = _identity(path)
        self._connection = _attach(path, config)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a new cursor on the published database; one thread uses a cursor at a time."""
        with self._lock:
            return use(self._connection.cursor())

    def refresh(self) -> bool:
        """Attach the file anew if it was replaced; tell whether it was.

        A file that has gone, or cannot be opened at this moment, leaves the last one attached.

        Raises:
            SparsityError: the file was replaced by one that cannot be read.
        """
        current = _identity(self.path)
        if current is None or current == self._identity:
            return False
        connection = _attach(self.path, self._config)
        with self._lock:
            self._connection, self._identity = connection, current
        return True

    def close(self) -> None:
        """Detach; cursors still open keep the file open until they are closed."""
        with self._lock:
            self._connection.close()


def compute(
    cursor: duckdb.DuckDBPyConnection, work: Callable[[duckdb.DuckDBPyConnection], T], limit: str
) -> T:
    """Return what `work` makes of a cursor; a query that the memory `limit` stops is run without one.

    A small limit keeps what DuckDB caches of the file small; the few queries that need more get it while
    they run, one after the other. `work` returns no rows that are still to be read.

    Raises:
        UnreadableDatabaseError: the file is damaged where it was read.
    """
    try:
        return _compute(cursor, work, limit)
    except duckdb.Error as error:
        damage = damage_of(error)
        if damage is None:
            raise
        raise UnreadableDatabaseError(damaged("the database", damage)) from error


def _compute(
    cursor: duckdb.DuckDBPyConnection, work: Callable[[duckdb.DuckDBPyConnection], T], limit: str
) -> T:
    with contextlib.suppress(duckdb.OutOfMemoryException):
        return work(cursor)
    with _LARGER_LIMIT:
        cursor.execute(f"SET memory_limit = '{memory_share(DEFAULT_SHARE)}'")
        try:
            return work(cursor)
        finally:
            # What the larger limit let in is given back, unless other queries hold it at this moment.
            with contextlib.suppress(duckdb.OutOfMemoryException):
                cursor.execute(f"SET memory_limit = '{limit}'")


def _attach(path: Path, config: Config | None) -> duckdb.DuckDBPyConnection:
    connection = attach_read_only(path, config)
    try:
        schema.verify_not_older(connection, CATALOG, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _identity(path: Path) -> Identity | None:
    """Return what tells a file from its replacement; None where it is missing or nobody can look at it."""
    try:
        status = os.stat(path)  # noqa: PTH116  # one system call on the path as given
    except (OSError, ValueError):  # a folder that cannot be searched, links in a circle, no possible name
        return None
    return status.st_ino, status.st_mtime_ns
