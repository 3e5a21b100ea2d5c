"""The copy of the database that a job works in; it is kept only while the next job can resume in it."""

import errno
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

import duckdb

from warehouse import schema
from warehouse.completeness import ADVICE, MissingObjectError
from warehouse.errors import SparsityError
from warehouse.files import sync
from warehouse.keeping import copy_file
from warehouse.locking import NotWritableError
from warehouse.opening import CATALOG, NO_DOWNLOADS, damage_of, translated_errors, use, utf8_name
from warehouse.quoting import literal
from warehouse.versions import NO_FILE, beside, is_plain_file, log_of

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
#: What DuckDB says of a file, or a log, that is none of its own any more.
_UNREADABLE = re.compile(r"not a valid DuckDB|replaying WAL")


class FullDiskError(SparsityError):
    """The disk has no room for the copy, or for what the job writes into it."""


class PrivateCopy:
    """The files of one copy: the database, its log, what DuckDB spills, and the version it was made from.

    The version is written last, so that a copy without it is incomplete and one with it can be resumed.
    """

    def __init__(self, published: Path) -> None:
        self.path = beside(published, ".work")
        self._published = published
        self._base = beside(published, ".work.base")
        self._spill = beside(published, ".work.tmp")
        self._connection: duckdb.DuckDBPyConnection | None = None

    def is_made_from(self, version: str) -> bool:
        """Tell whether this is a complete copy of a version of the published file."""
        if not is_plain_file(self.path) or not is_plain_file(self._base):
            return False
        return self._base.read_bytes() == version.encode()

    def make(self, version: str) -> None:
        """Copy the published file, and its write-ahead log if it has one, in the place of an older copy."""
        self.discard()
        if version != NO_FILE:
            for source, target in (
                (self._published, self.path),
                (log_of(self._published), log_of(self.path)),
            ):
                if source.exists():
                    copy_file(source, target)

    def open(self) -> duckdb.DuckDBPyConnection:
        """Open the copy as readers open the published file; a plain open cannot replay every log.

        Raises:
            SparsityError: the file is damaged, or of another program or a newer version.
        """
        shutil.rmtree(self._spill, ignore_errors=True)
        spill = utf8_name(self._spill)
        connection = duckdb.connect(":memory:", config=NO_DOWNLOADS | {"temp_directory": spill})
        try:
            with translated_errors(self._published):
                connection.execute(f"ATTACH {literal(utf8_name(self.path))} AS {CATALOG} (TYPE duckdb)")
                schema.verify(connection, CATALOG, self._published, allow_empty=True)
            self._connection = use(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def build(self, version: str) -> list[str]:
        """Bring the schema up to date and note the version the copy was made from; see `schema.build`."""
        if self._connection is None:
            msg = "build() needs open()"
            raise RuntimeError(msg)
        notes = []
        if not schema.is_current(self._connection, CATALOG):
            # Not to be resumed half-way: an index of a person's own is missing until the end.
            self._base.unlink(missing_ok=True)
            notes = self._build_schema(self._connection)
        if not self._base.exists():
            sync(self.path)
            self._note(version)
        return notes

    def finish(self) -> None:
        """Write everything into the one file and close it."""
        if self._connection is not None:
            self._connection.execute(f"CHECKPOINT {CATALOG}")
        self.close()
        sync(self.path)

    def close(self) -> None:
        """Close the copy; it stays as it is."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with suppress(duckdb.Error):
                connection.close()

    def forget_version(self) -> None:
        """Remove the note of the version: the file is in its place."""
        self._base.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove every file of the copy, which frees its space.

        Raises:
            NotWritableError: something else is in the way.
        """
        self.close()
        # The version goes first: without it the rest counts as incomplete.
        compacted = beside(self.path, ".compact")
        for path in (self._base, self.path, log_of(self.path), compacted, log_of(compacted)):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                msg = f"{path} is in the way of the job's own copy ({error.strerror}); move it away"
                raise NotWritableError(msg) from error
        shutil.rmtree(self._spill, ignore_errors=True)

    def _build_schema(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        try:
            return schema.build(connection)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            msg = (
                f"{self._published} cannot be brought up to date: something that this program made in it was"
                f" dropped, renamed or altered; {ADVICE} ({str(error).splitlines()[0]})"
            )
            raise MissingObjectError(msg) from error

    def _note(self, version: str) -> None:
        descriptor = os.open(self._base, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(version.encode())
            file.flush()
            os.fsync(descriptor)
        sync(self._base.parent)


def full_disk(error: BaseException) -> str | None:
    """Return the system's message where a full disk caused an error, else None."""
    said = [os.strerror(number) for number in _FULL]
    for cause in _causes(error):
        text = os.strerror(cause.errno or 0) if isinstance(cause, OSError) else str(cause)
        for reason in said:
            if reason in text:
                return reason
    return None


def damaged_file(error: BaseException) -> str | None:
    """Return DuckDB's message where a damaged file caused an error, else None."""
    for cause in _causes(error):
        if damage_of(cause) or (isinstance(cause, duckdb.Error) and _UNREADABLE.search(str(cause))):
            return str(cause).splitlines()[0]
    return None


def _causes(error: BaseException) -> list[BaseException]:
    causes: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in causes:
        causes.append(following)
        following = following.__cause__ or following.__context__
    return causes
