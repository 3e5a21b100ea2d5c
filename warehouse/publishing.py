"""Changing the database without anyone waiting and without anything half-written.

The writer holds the published file open read-only, works in a private copy beside it, and replaces the
file in one step once the audits pass. A killed writer leaves its copy behind; the next one resumes in it.
"""

import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from warehouse import schema, seed_views, sql_files
from warehouse.compaction import compact
from warehouse.errors import SparsityError
from warehouse.locking import NotWritableError, writer_lock
from warehouse.opening import CATALOG, attach_read_only, translated_errors


class AuditError(SparsityError):
    """A check found rows that break a rule; nothing was published."""


class Writer:
    """The one writer of a database, as a context manager.

    Inside the `with` block the published file is held open read-only: nobody can start writing to a file
    that is about to be replaced, and readers are not disturbed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._work = path.with_name(path.name + ".work")
        self._base = path.with_name(path.name + ".work.base")
        self._resources = ExitStack()
        self._published: duckdb.DuckDBPyConnection | None = None
        self._private: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        """Take the lock and hold the published file.

        Raises:
            LockedError: another job or shell has the database open for writing.
            NotWritableError: the folder or the file cannot be written.
            SparsityError: the file is no database of this program, or a newer one.
        """
        with ExitStack() as stack:
            stack.enter_context(writer_lock(self.path))
            if self.path.exists():
                if not os.access(self.path, os.W_OK):
                    msg = f"{self.path} is write-protected; make it writable or name another file with --db"
                    raise NotWritableError(msg)
                self._published = stack.enter_context(attach_read_only(self.path, allow_empty=True))
            self._resources = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything; a private copy that was not published stays for the next writer to resume in."""
        if self._private is not None:
            self._private.close()
            self._private = None
        self._resources.close()

    @property
    def resumable(self) -> bool:
        """Whether a killed job left a private copy of the file that is published now."""
        try:
            return self._base.read_text(encoding="ascii") == self._identity() and self._work.exists()
        except FileNotFoundError:
            return False

    @property
    def published(self) -> duckdb.DuckDBPyConnection | None:
        """The published database, read-only; None where there is none yet or it lacks the current schema."""
        if self._published is None or not schema.is_current(self._published, CATALOG):
            return None
        return self._published

    def begin(self) -> duckdb.DuckDBPyConnection:
        """Open the private copy, made anew or taken over from a killed job, with its schema built."""
        if not self.resumable:
            self._discard()
            self._copy()
            self._base.write_text(self._identity(), encoding="ascii")
        with translated_errors(self._work):
            self._private = duckdb.connect(str(self._work))
        catalog = _current_catalog(self._private)
        schema.verify(self._private, catalog, self.path, allow_empty=True)
        if not schema.is_current(self._private, catalog):
            schema.build(self._private)
        return self._private

    def publish(self) -> None:
        """Audit the private copy and put it in the place of the published file, in one step.

        Raises:
            AuditError: a check in `sql/checks/` returned rows.
        """
        if self._private is None:
            msg = "publish() needs begin()"
            raise RuntimeError(msg)
        audit(self._private)
        seed_views.build(self._private)
        self._private.execute("CHECKPOINT")
        self._private.close()
        self._private = None
        compact(self._work)
        _sync(self._work)
        # A write-ahead log beside the file would be replayed into the new one. What it holds is in the copy.
        _beside(self.path, ".wal").unlink(missing_ok=True)
        os.replace(self._work, self.path)  # noqa: PTH105  # the rename that the whole design rests on
        _sync(self.path.parent)
        self._base.unlink(missing_ok=True)

    def _identity(self) -> str:
        if not self.path.exists():
            return "none"
        status = self.path.stat()
        return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"

    def _copy(self) -> None:
        """Copy the published file and its write-ahead log in another process.

        Reading the file here and closing it again would drop the lock that this process holds on it.
        """
        if not self.path.exists():
            return
        for source, target in (
            (self.path, self._work),
            (_beside(self.path, ".wal"), _beside(self._work, ".wal")),
        ):
            if source.exists():
                _copy_file(source, target)

    def _discard(self) -> None:
        # The base goes first: without it the rest counts as incomplete.
        for path in (self._base, self._work, _beside(self._work, ".wal")):
            path.unlink(missing_ok=True)


def audit(connection: duckdb.DuckDBPyConnection) -> None:
    """Run every check of `sql/checks/`; each returns the rows that break its rule.

    Raises:
        AuditError: names the checks that fired and how many rows each returned.
    """
    failures = []
    for name, text in sql_files.read_folder("checks").items():
        rows = connection.execute(text).fetchall()
        if rows:
            failures.append(f"{name} ({len(rows)} rows, first: {rows[0]})")
    if failures:
        msg = f"nothing was published, these checks failed: {'; '.join(failures)}"
        raise AuditError(msg)


def _current_catalog(connection: duckdb.DuckDBPyConnection) -> str:
    row = connection.execute("SELECT current_database()").fetchone()
    return row[0] if row else ""


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _copy_file(source: Path, target: Path) -> None:
    for options in (["-p", "--reflink=auto"], ["-p"]):
        copied = subprocess.run(
            ["cp", *options, str(source), str(target)], capture_output=True, text=True, check=False
        )
        if copied.returncode == 0:
            return
    msg = f"cannot copy {source} to {target}: {copied.stderr.strip()}"
    raise NotWritableError(msg)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
