"""Telling what of our tables a person has dropped, renamed or altered, before a job begins."""

import duckdb

from warehouse import ownership, schema, sql_files
from warehouse.errors import SparsityError
from warehouse.migrations import SCHEMA_VERSION
from warehouse.opening import CATALOG, NO_DOWNLOADS

_COLUMNS = """
SELECT table_name, column_name, data_type FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal
"""
ADVICE = "undo that in a duckdb shell, or put a copy of the file in its place"


class MissingObjectError(SparsityError):
    """A table of this program, or a column of one, is gone or altered."""


def verify_tables(connection: duckdb.DuckDBPyConnection, path: object) -> None:
    """Check that the tables of the database in use, attached as `sparsity`, are as this program made them.

    Of an older version only the names are known, and those from its record. Columns of a person's own pass.

    Raises:
        MissingObjectError: names the first table or column that is gone or altered.
    """
    present = _columns(connection)
    version = schema.schema_version(connection, CATALOG)
    expected = _as_made() if version == SCHEMA_VERSION else _recorded(connection, present)
    for table, columns in expected.items():
        if table not in present:
            msg = f"{path} has lost the table {table}, which was dropped or renamed; {ADVICE}"
            raise MissingObjectError(msg)
        for column, kind in columns.items():
            found = present[table].get(column)
            if found != kind:
                lost = "dropped or renamed" if found is None else f"turned from {kind} into {found}"
                msg = f"the column {column} of the table {table} in {path} was {lost}; {ADVICE}"
                raise MissingObjectError(msg)


def _columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Return the types of the columns of every table and view of `main`, by its name."""
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(_COLUMNS).fetchall():
        columns.setdefault(table.lower(), {})[column.lower()] = kind
    return columns


def _as_made() -> dict[str, dict[str, str]]:
    """Return the tables as `sql/` makes them."""
    with duckdb.connect(":memory:", config=NO_DOWNLOADS) as reference:
        for text in sql_files.read_folder("tables").values():
            reference.execute(text)
        return _columns(reference)


def _recorded(
    connection: duckdb.DuckDBPyConnection, present: dict[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Return the tables that the database itself says are ours, where it keeps such a record."""
    if not present.get(ownership.RECORD, {}).keys() >= {"object_name", "kind"}:
        return {}
    rows = connection.execute(f"SELECT object_name FROM {ownership.RECORD} WHERE kind = 'table'").fetchall()  # noqa: S608  # our own table
    return {name: {} for (name,) in rows}
