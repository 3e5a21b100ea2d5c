"""Bringing the tables of an older database up to date, one schema version after the other."""

import duckdb

from warehouse import ownership, sql_files
from warehouse.quoting import identifier, literal

#: What a fresh database has: the version that the last file of `sql/migrations/` leads to.
SCHEMA_VERSION = max(sql_files.migrations())


def migrate(connection: duckdb.DuckDBPyConnection, version: int) -> list[str]:
    """Turn the tables of a schema version into today's; return the statements that restore dropped indexes.

    DuckDB changes no table that has an index. Those that a person has made on our tables are dropped here,
    and are to be made again once the changes are committed.
    """
    restoring = []
    for number, path in sql_files.migrations().items():
        if number > version:
            restoring += _drop_indexes(connection)
            connection.execute(path.read_text(encoding="utf-8"))
    return restoring


def _drop_indexes(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        f"""
        SELECT index_name, sql, comment
        FROM duckdb_indexes() AS indexes
        INNER JOIN {ownership.RECORD} AS ours
            ON indexes.schema_name = ours.schema_name AND indexes.table_name = ours.object_name
        WHERE indexes.database_name = current_database() AND ours.kind = 'table' AND indexes.sql IS NOT NULL
        """  # noqa: S608  # our own table
    ).fetchall()
    statements = []
    for name, statement, comment in rows:
        connection.execute(f"DROP INDEX {identifier(ownership.SCHEMA)}.{identifier(name)}")
        statements.append(statement)
        if comment is not None:
            statements.append(f"COMMENT ON INDEX {identifier(name)} IS {literal(comment)}")
    return statements
