"""What a database says of itself, without asking any of its larger tables."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse import schema
from warehouse.opening import CATALOG, UnreadableDatabaseError, attach_read_only


@dataclass(frozen=True, slots=True)
class Inspection:
    """The schema version, whether the views are those of this program, and the method of every run."""

    schema_version: int
    current: bool
    methods: tuple[str, ...]


def inspect(cursor: duckdb.DuckDBPyConnection) -> Inspection:
    """Look at a database attached as `sparsity` and in use.

    Raises:
        UnreadableDatabaseError: it lacks what every database of this program has, or is damaged.
    """
    try:
        return Inspection(
            schema_version=int(schema.properties(cursor, CATALOG).get("schema_version", "0")),
            current=schema.is_current(cursor, CATALOG),
            methods=tuple(method for (method,) in cursor.table("pruning_runs").project("method").fetchall()),
        )
    except (duckdb.Error, ValueError) as error:
        msg = f"the database cannot be read: {str(error).splitlines()[0]}"
        raise UnreadableDatabaseError(msg) from error


def inspect_file(path: Path) -> Inspection:
    """Look at a database file that this process does not have open.

    Raises:
        SparsityError: as `warehouse.opening.attach_read_only` does.
    """
    connection = attach_read_only(path)
    try:
        return inspect(connection)
    finally:
        connection.close()
