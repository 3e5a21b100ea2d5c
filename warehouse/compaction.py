"""Freeing the space of rewritten and deleted rows, which DuckDB keeps inside the file."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import duckdb

from warehouse.opening import NO_DOWNLOADS, utf8_name
from warehouse.quoting import identifier, literal
from warehouse.versions import beside, log_of

#: Share of free blocks from which a file is rewritten; below it a copy costs more than it frees.
FREE_SHARE = 0.1
#: The catalogue columns that describe each kind of object; object ids differ in every file and are left out.
_CATALOGUE = {
    "schemas": "schema_name, comment, tags::VARCHAR",
    "tables": "schema_name, table_name, comment, tags::VARCHAR, sql",
    "columns": "schema_name, table_name, column_index, column_name, data_type, comment",
    "views": "schema_name, view_name, comment, tags::VARCHAR, sql",
    "functions": "schema_name, function_name, parameters, parameter_types, macro_definition, comment",
    "types": "schema_name, type_name, logical_type, labels, comment, tags::VARCHAR",
    "sequences": "schema_name, sequence_name, last_value, comment, tags::VARCHAR, sql",
    "indexes": "schema_name, index_name, table_name, comment, tags::VARCHAR, sql",
}


def compact(path: Path) -> bool:
    """Rewrite a closed database if much of the file is free; tell whether it was rewritten.

    The new file takes the place of the old one in one step, with its mode and owner. A database that DuckDB
    cannot copy whole, because of objects a person has added or for lack of space, stays as it is.
    """
    target = beside(path, ".compact")
    try:
        done = _write_anew(path, target)
        if done:
            _copy_attributes(path, target)
            target.replace(path)
    except (duckdb.Error, OSError):
        return False
    finally:
        for remains in (target, log_of(target)):
            remains.unlink(missing_ok=True)
    return done


def _write_anew(path: Path, target: Path) -> bool:
    for remains in (target, log_of(target)):
        remains.unlink(missing_ok=True)
    spill = utf8_name(beside(path, ".tmp"))
    with duckdb.connect(":memory:", config=NO_DOWNLOADS | {"temp_directory": spill}) as connection:
        connection.execute(f"ATTACH {literal(utf8_name(path))} AS whole (READ_ONLY, TYPE duckdb)")
        free = connection.execute(
            "SELECT free_blocks / total_blocks FROM pragma_database_size() WHERE database_name = 'whole'"
        ).fetchone()
        if not free or free[0] < FREE_SHARE:
            return False
        connection.execute(f"ATTACH {literal(utf8_name(target))} AS dense (TYPE duckdb)")
        connection.execute("COPY FROM DATABASE whole TO dense")
        connection.execute("CHECKPOINT dense")
        return contents(connection, "whole") == contents(connection, "dense")


def contents(connection: duckdb.DuckDBPyConnection, catalog: str) -> list[list[tuple]]:
    """Return all that DuckDB's catalogue knows of a database, and the number of rows of each table."""
    found = [
        connection.execute(
            f"SELECT {columns} FROM duckdb_{kind}() WHERE database_name = {literal(catalog)} ORDER BY ALL"  # noqa: S608  # our own names
        ).fetchall()
        for kind, columns in _CATALOGUE.items()
    ]
    tables = found[list(_CATALOGUE).index("tables")]
    names = [f"{catalog}.{identifier(schema)}.{identifier(table)}" for schema, table, *_ in tables]
    counts = [connection.execute(f"SELECT count(*) FROM {name}").fetchall() for name in names]  # noqa: S608
    return [*found, *counts]


def _copy_attributes(source: Path, target: Path) -> None:
    """Give a file the mode, times and extended attributes of another, and its owner where that is allowed."""
    status = source.stat()
    with suppress(PermissionError):
        os.chown(target, status.st_uid, status.st_gid)
    shutil.copystat(source, target)
