"""Changing the database without anyone waiting and without anything half-written.

The writer holds the published file open read-only, works in a private copy beside it, and replaces the
file in one step once the audits pass. A killed writer leaves its copy behind; the next one resumes in it.
"""

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from warehouse import ownership, schema, seed_views, sql_files
from warehouse.compaction import compact
from warehouse.completeness import verify_tables
from warehouse.errors import SparsityError
from warehouse.files import no_more_open_than
from warehouse.keeping import holds_log, keep, kept_note
from warehouse.locking import NotWritableError, writer_lock
from warehouse.opening import (
    CATALOG,
    UnreadableDatabaseError,
    attach_read_only,
    damage_of,
    damaged,
    is_present,
)
from warehouse.private_copy import FullDiskError, PrivateCopy, damaged_file, full_disk
from warehouse.versions import NO_FILE, ChangedError, fold_log, identity, log_of, put, put_folded

_FINISHED_STEPS = "SELECT count(*) FROM etl_steps WHERE state = 'finished'"


class AuditError(SparsityError):
    """A check found rows that break a rule; nothing was published."""


class Writer:
    """The one writer of a database, as a context manager.

    Inside the `with` block the published file is held open read-only: nobody can start writing to a file
    that is about to be replaced, and readers are not disturbed.

    `notes` holds, after `begin`, what a person should know.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        self._copy = PrivateCopy(path)
        self._version = NO_FILE
        self._begun = False
        self._resources = ExitStack()
        self._published: duckdb.DuckDBPyConnection | None = None
        self._is_current: bool | None = None
        self._private: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        """Take the lock, hold the published file, and clear away a copy that nobody can resume in.

        Raises:
            LockedError: another job or shell has the database open for writing.
            NotWritableError: the folder or the file cannot be written.
            SparsityError: the file is no database of this program, or a newer one.
        """
        with ExitStack() as stack:
            stack.enter_context(writer_lock(self.path))
            if is_present(self.path):
                if not os.access(self.path, os.W_OK):
                    msg = f"{self.path} is write-protected; make it writable or name another file with --db"
                    raise NotWritableError(msg)
                stack.enter_context(no_more_open_than(self.path))
                self._hold(stack)
            elif log_of(self.path).exists():
                msg = (
                    f"there is {log_of(self.path)} without the database it belongs to; put {self.path.name}"
                    " back beside it, or name another file with --db"
                )
                raise UnreadableDatabaseError(msg)
            self._version = identity(self.path)
            if not self.resumable:
                # Left by a killed job that worked on another version.
                self._copy.discard()
            self._resources = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything; a private copy that can be resumed stays for the next writer.

        Raises:
            FullDiskError: the disk was full.
            UnreadableDatabaseError: the private copy, or the file it was made from, was damaged.
            TakenNameError: a query failed, and a macro of a person's hides a function of DuckDB's.
        """
        try:
            if error is not None and self._begun:
                self._settle(error)
            elif error is not None and (damage := damage_of(error)):
                raise UnreadableDatabaseError(damaged(self.path, damage)) from error
            if isinstance(error, duckdb.Error) and self._published is not None:
                hiding = ownership.hiding_macro(self._published, self.path)
                if hiding is not None:
                    self._discard()
                    raise hiding from error
        finally:
            self._copy.close()
            self._private = None
            self._resources.close()

    @property
    def resumable(self) -> bool:
        """Whether a killed job left a private copy of the version that is published now."""
        return self._copy.is_made_from(self._version)

    @property
    def published(self) -> duckdb.DuckDBPyConnection | None:
        """The published database, read-only; None where there is none yet or it lacks the current schema."""
        if self._published is None:
            return None
        if self._is_current is None:
            self._is_current = schema.is_current(self._published, CATALOG)
        return self._published if self._is_current else None

    def begin(self) -> duckdb.DuckDBPyConnection:
        """Open the private copy, made anew or taken over from a killed job, with its schema built.

        Raises:
            SparsityError: the published file cannot be copied, or not be brought up to date.
        """
        self._begun = True
        self._private = self._resume() or self._start()
        self.notes += self._copy.build(self._version)
        return self._private

    def publish(self) -> None:
        """Audit the private copy and put it in the place of the published file, in one step.

        Raises:
            AuditError: a check in `sql/checks/` returned rows.
            ChangedError: the published file was replaced or changed meanwhile.
        """
        if self._private is None:
            msg = "publish() needs begin()"
            raise RuntimeError(msg)
        audit(self._private)
        seed_views.build(self._private)
        self._copy.finish()
        compact(self._copy.path)
        put(self._copy.path, self.path, expected=self._version)
        self._private = None
        self._copy.forget_version()

    def abandon(self) -> None:
        """Discard the private copy unless it holds steps that a killed job has finished."""
        if self._private is not None and not self._holds_work(self._private):
            self._discard()

    def _hold(self, stack: ExitStack) -> None:
        self._published = stack.enter_context(attach_read_only(self.path, allow_empty=True))
        verify_tables(self._published, self.path)
        self._is_current = None

    def _resume(self) -> duckdb.DuckDBPyConnection | None:
        """Take over the copy of a killed job; None where there is none, or it cannot be read."""
        if not self.resumable:
            return None
        with suppress(SparsityError):
            return self._copy.open()
        return None

    def _start(self) -> duckdb.DuckDBPyConnection:
        self._copy.make(self._version)
        if log_of(self.path).exists():
            self._fold()
            self._copy.make(self._version)
        return self._copy.open()

    def _fold(self) -> None:
        """Publish what a killed program left in the write-ahead log: afterwards a version is one file."""
        fold_log(self._copy.path)
        if not holds_log(self._copy.path, self.path):
            self.notes.append(kept_note(self.path, keep(self.path)))
        put_folded(self._copy.path, self.path, expected=self._version)
        self._hold(self._resources)
        self._version = identity(self.path)

    def _holds_work(self, private: duckdb.DuckDBPyConnection) -> bool:
        """Tell whether steps are finished in the private copy that are not in the published file."""
        try:
            there = private.execute(_FINISHED_STEPS).fetchall()
            here = self._published.execute(_FINISHED_STEPS).fetchall() if self._published else [(0,)]
        except duckdb.Error:
            return False
        return there > here

    def _settle(self, error: BaseException) -> None:
        """Discard the private copy unless the next job can resume in it, and say so where a file is at fault.

        Raises:
            FullDiskError: the disk is full.
            UnreadableDatabaseError: the copy, or the file it was made from, is damaged.
        """
        full, damage = full_disk(error), damaged_file(error)
        moved = isinstance(error, ChangedError) and self._version != NO_FILE
        if full or damage or moved or isinstance(error, AuditError) or not self.resumable:
            self._discard()
        elif isinstance(error, SparsityError) and not isinstance(error, ChangedError):
            self.abandon()
        if full:
            msg = (
                f"the disk is full ({full}): nothing was published, the job's copy of {self.path} is removed;"
                " free some room, or name a database elsewhere with --db"
            )
            raise FullDiskError(msg) from error
        if damage and not isinstance(error, SparsityError):
            msg = (
                f"the job's copy of {self.path} is damaged and was removed; run the job again, and if that"
                f" ends here too, put a copy of {self.path.name} in its place ({damage})"
            )
            raise UnreadableDatabaseError(msg) from error

    def _discard(self) -> None:
        self._private = None
        self._copy.discard()


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
