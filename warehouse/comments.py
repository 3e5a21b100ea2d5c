"""The comments of columns, each written once: in the file of its object, or in one list of shared names."""

from collections.abc import Iterable

import duckdb

from warehouse import sql_files
from warehouse.quoting import identifier, literal


def comment_columns(connection: duckdb.DuckDBPyConnection, objects: Iterable[str]) -> None:
    """Give the columns of tables and views the comments that all objects share.

    A column that the file of its object explains keeps that comment. `objects` names our own alone: what a
    person made is left as it is.
    """
    shared, own = sql_files.column_comments(), sql_files.explained_columns()
    for name, column, comment in _columns(connection, objects):
        wanted = shared.get(column)
        if wanted is not None and wanted != comment and (name, column) not in own:
            connection.execute(
                f"COMMENT ON COLUMN {identifier(name)}.{identifier(column)} IS {literal(wanted)}"
            )


def _columns(
    connection: duckdb.DuckDBPyConnection, objects: Iterable[str]
) -> list[tuple[str, str, str | None]]:
    """Return table or view, column and comment of every column of these objects."""
    names = ", ".join(literal(name) for name in objects) or "NULL"
    return connection.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns()"  # noqa: S608  # names of our own
        " WHERE database_name = current_database() AND schema_name = current_schema()"
        f" AND table_name IN ({names})"
    ).fetchall()
