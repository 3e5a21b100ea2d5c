"""Creating the tables, macros and views, and telling whether a database belongs to this program."""

import duckdb

from warehouse import migrations, ownership, sql_files
from warehouse.comments import comment_columns
from warehouse.errors import SparsityError
from warehouse.migrations import SCHEMA_VERSION
from warehouse.quoting import identifier, literal

APPLICATION = "sparsity-tui"


class ForeignDatabaseError(SparsityError):
    """The file is not a database of this program."""


class NewerSchemaError(SparsityError):
    """The database was made by a newer version of this program."""


class OlderSchemaError(SparsityError):
    """The database was made by an older version of this program and lacks what this one reads."""


def properties(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, str]:
    """Return the properties a database carries, empty where it carries none.

    `catalog` is the name the file is attached under.
    """
    # Binding a parameter makes DuckDB import pandas where it is installed: half a second of every start.
    found = connection.execute(
        f"SELECT count(*) FROM duckdb_columns() WHERE database_name = {literal(catalog)}"  # noqa: S608  # a catalog name of our own
        " AND schema_name = 'main' AND table_name = 'warehouse_info' AND column_name IN ('key', 'value')"
    ).fetchone()
    if found != (2,):
        return {}
    rows = connection.execute(f"SELECT key, value FROM {identifier(catalog)}.main.warehouse_info").fetchall()  # noqa: S608  # a catalog name of our own
    return dict(rows)


def schema_version(connection: duckdb.DuckDBPyConnection, catalog: str) -> int:
    """Return the schema version of a database, 0 where it has none."""
    text = properties(connection, catalog).get("schema_version", "0")
    return int(text) if text.isdecimal() else 0


def verify(connection: duckdb.DuckDBPyConnection, catalog: str, path: object, *, allow_empty: bool) -> None:
    """Check that an open database belongs to this program and is not of a newer schema.

    Raises:
        ForeignDatabaseError: it holds other tables, or nothing at all and `allow_empty` is false.
        NewerSchemaError: its schema version is above the one this program knows.
    """
    version = schema_version(connection, catalog)
    if properties(connection, catalog).get("application") != APPLICATION or version < 1:
        tables = connection.execute(
            f"SELECT count(*) FROM duckdb_tables() WHERE database_name = {literal(catalog)}"  # noqa: S608  # a catalog name of our own
        ).fetchone()
        if allow_empty and tables == (0,):
            return
        msg = f"{path} is not a sparsity-tui database; name another file with --db, or move this one away"
        raise ForeignDatabaseError(msg)
    if version > SCHEMA_VERSION:
        msg = (
            f"{path} has schema version {version}, newer than the {SCHEMA_VERSION} this program knows;"
            " upgrade sparsity-tui, or name another file with --db"
        )
        raise NewerSchemaError(msg)


def verify_not_older(connection: duckdb.DuckDBPyConnection, catalog: str, path: object) -> None:
    """Check that an open database has all that this version reads; SQL of a person's own needs no such check.

    Raises:
        OlderSchemaError: it is of an older version.
    """
    if schema_version(connection, catalog) < SCHEMA_VERSION:
        msg = (
            f"{path} was made by an older version of this program; bring it up to date with:"
            f" sparsity-etl upgrade --db {path}"
        )
        raise OlderSchemaError(msg)


def is_current(connection: duckdb.DuckDBPyConnection, catalog: str) -> bool:
    """Tell whether macros and views are there, and were built from the SQL files as they are now.

    The database is in use under the name `catalog`.
    """
    known = properties(connection, catalog)
    return (
        known.get("schema_version") == str(SCHEMA_VERSION)
        and known.get("sql_fingerprint") == sql_files.fingerprint()
        and ownership.has_views_and_macros(connection)
    )


def build(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Bring the database in use up to date: its tables, macros, views, comments and given data.

    Everything changes in one transaction, or nothing; only a person's indexes on our tables are made again
    after it. Returns notes for a person whose own objects had to be renamed.

    Raises:
        TakenNameError: something of a person's has a name that is needed, and cannot be renamed.
    """
    connection.execute("BEGIN")
    try:
        notes = ownership.start_record(connection)
        restoring = migrations.migrate(connection, _version_in_use(connection))
        notes += _create(connection)
        _fill(connection)
        comment_columns(connection, [*sql_files.read_folder("tables"), *sql_files.read_folder("views")])
        _remember(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    for statement in restoring:
        connection.execute(statement)
    return notes


def _version_in_use(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the schema version of the database in use; one that holds nothing yet needs no migration."""
    row = connection.execute("SELECT current_database()").fetchone()
    return (schema_version(connection, row[0]) if row else 0) or SCHEMA_VERSION


def _create(connection: duckdb.DuckDBPyConnection) -> list[str]:
    ownership.drop_views_and_macros(connection)
    folders = {kind: sql_files.read_folder(folder) for folder, kind in ownership.KINDS.items()}
    notes = ownership.make_room(connection, {name: kind for kind, texts in folders.items() for name in texts})
    for kind, texts in folders.items():
        for text in texts.values():
            connection.execute(text)
        ownership.record(connection, kind, texts)
    return notes


def _fill(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace the rows of every table that has a file in `sql/data/`."""
    for table, path in sql_files.data_files().items():
        connection.execute(f"DELETE FROM {table}")  # noqa: S608  # a file name of our own
        connection.execute(f"INSERT INTO {table} BY NAME FROM read_csv(?, header = true)", [str(path)])


def _remember(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("DELETE FROM warehouse_info")
    connection.executemany(
        "INSERT INTO warehouse_info VALUES (?, ?)",
        [
            ("application", APPLICATION),
            ("schema_version", str(SCHEMA_VERSION)),
            ("sql_fingerprint", sql_files.fingerprint()),
        ],
    )
