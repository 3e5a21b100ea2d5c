"""Opening database files read-only, with one clear error for everything that can be wrong with them."""

import os
import re
import stat
from pathlib import Path

import duckdb

from warehouse import schema
from warehouse.errors import SparsityError
from warehouse.locking import LockedError
from warehouse.memory import memory_bytes
from warehouse.quoting import literal

CATALOG = "sparsity"
Config = dict[str, str | bool | int | float | list[str]]
#: Nothing that a file or a query asks for is fetched from the internet.
NO_DOWNLOADS: Config = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
#: How DuckDB says that a file was cut short or that its blocks are not what was written.
_DAMAGED = re.compile(
    r"Could not read enough bytes|Corrupt database|[Cc]hecksum|Failed to deserialize|Serialization Error"
)
_HOLDER = re.compile(r"Conflicting lock is held in (.+?) \(PID (\d+)\)")


class MissingDatabaseError(SparsityError):
    """There is no database file."""


class UnreadableDatabaseError(SparsityError):
    """The file cannot be opened as a DuckDB database."""


def attach_read_only(
    path: Path, config: Config | None = None, *, allow_empty: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB with the database attached read-only as `sparsity` and in use.

    A database without any table has no owner yet; it is refused unless `allow_empty`.

    Raises:
        MissingDatabaseError, UnreadableDatabaseError, LockedError, ForeignDatabaseError, NewerSchemaError.
    """
    if not is_present(path):
        raise missing_database(path)
    connection = duckdb.connect(":memory:", config=NO_DOWNLOADS | (config or {}))
    try:
        with translated_errors(path):
            # By its type, or DuckDB would look for an extension that opens the files of other programs.
            connection.execute(f"ATTACH {literal(utf8_name(path))} AS {CATALOG} (READ_ONLY, TYPE duckdb)")
            schema.verify(connection, CATALOG, path, allow_empty=allow_empty)
        use(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def is_present(path: Path) -> bool:
    """Tell whether there is a file that could be a database.

    Raises:
        UnreadableDatabaseError: what is there is no file, or it cannot be told what is there.
    """
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        msg = f"cannot look at {path}: {reason}; name another file with --db"
        raise UnreadableDatabaseError(msg) from error
    if not stat.S_ISREG(kind):
        # Opening a pipe would wait for its other end.
        msg = f"{path} is a folder or a device and no database; name a file with --db"
        raise UnreadableDatabaseError(msg)
    return True


def utf8_name(path: Path) -> str:
    """Return the name of a file as DuckDB takes it, in UTF-8 whatever the locale is.

    Raises:
        UnreadableDatabaseError: the bytes of the name are no UTF-8, so that DuckDB cannot open it.
    """
    try:
        return os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"DuckDB cannot open {path}: the name is not written in UTF-8; rename it or its folder"
        raise UnreadableDatabaseError(msg) from error


def missing_database(path: Path) -> MissingDatabaseError:
    """Return the error that says how a database comes to be."""
    return MissingDatabaseError(
        f"there is no database at {path}; build one with: sparsity-etl run --db {path}"
    )


def memory_share(share: float) -> str:
    """Return a share of the memory that this process may use as DuckDB writes sizes."""
    return f"{int(memory_bytes() * share / 2**20)}MiB"


def use(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Make names resolve to the attached database; every cursor needs it once."""
    connection.execute(f"USE {CATALOG}")
    return connection


def damage_of(error: BaseException) -> str | None:
    """Return DuckDB's first line where it says that the file is damaged, else None."""
    if not isinstance(error, duckdb.Error):
        return None
    first_line = str(error).partition("\n")[0]
    return first_line if _DAMAGED.search(first_line) else None


def damaged(path: object, told: str) -> str:
    """Say what to do about a damaged database; `told` are DuckDB's words."""
    return f"{path} is damaged; put a copy of it in its place, or name another file with --db ({told})"


class translated_errors:  # noqa: N801  # reads as a statement: with translated_errors(path)
    """Turn what DuckDB raises while a file is opened, or its catalogue read, into one clear error."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, duckdb.Error):
            return
        holder = _HOLDER.search(str(error))
        if holder:
            msg = (
                f"{self.path} is open for writing in {Path(holder[1]).name} (process {holder[2]});"
                " close it there, or open it there with -readonly"
            )
            raise LockedError(msg) from error
        first_line = str(error).splitlines()[0]
        if "not a valid DuckDB database file" in first_line:
            msg = f"{self.path} is not a DuckDB database; name another file with --db"
        elif "replaying WAL file" in first_line:
            msg = (
                f"{self.path}.wal, which holds what was last committed, cannot be read into {self.path};"
                f" keep both files and open them with the version of DuckDB that wrote them ({first_line})"
            )
        elif damage_of(error):
            msg = damaged(self.path, first_line)
        else:
            msg = f"cannot open {self.path}: {first_line}; name another file with --db"
        raise UnreadableDatabaseError(msg) from error
