"""Telling the objects that this program made in a database from those of a person, which stay as they are.

Everything of ours is in the schema `main` and recorded in the table `warehouse_objects`.
"""

from collections.abc import Iterable, Mapping

import duckdb

from warehouse import sql_files
from warehouse.errors import SparsityError
from warehouse.quoting import identifier

SCHEMA = "main"
RECORD = "warehouse_objects"
#: The folders of `sql/` in the order they are built in, and the kind of object each holds.
KINDS = {"tables": "table", "macros": "macro", "views": "view"}
SEED_VIEW = "seed view"
#: Tables and views share one space of names, scalar macros have their own.
_RELATIONS = """
SELECT table_name, 'table' FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = 'main'
UNION ALL
SELECT view_name, 'view' FROM duckdb_views()
WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal
"""
_MACROS = """
SELECT DISTINCT function_name, 'macro' FROM duckdb_functions()
WHERE database_name = current_database() AND schema_name = 'main' AND function_type = 'macro' AND NOT internal
"""
_HIDING = """
SELECT function_name FROM duckdb_functions()
WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal
INTERSECT
SELECT function_name FROM duckdb_functions() WHERE database_name = 'system'
"""


class TakenNameError(SparsityError):
    """Something of a person's has a name that the program needs, and cannot be renamed."""


def start_record(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Make the table of our objects unless it is there; return a note for what had to be renamed for it."""
    rows = connection.execute(
        "SELECT column_name FROM duckdb_columns()"
        " WHERE database_name = current_database() AND schema_name = ? AND table_name = ?",
        [SCHEMA, RECORD],
    ).fetchall()
    columns = {name for (name,) in rows}
    if columns >= {"schema_name", "object_name", "kind"}:
        return []
    notes = _move_aside(connection, RECORD, relations(connection)) if columns else []
    connection.execute(sql_files.read_folder("tables")[RECORD])
    return notes


def recorded(connection: duckdb.DuckDBPyConnection, kind: str) -> set[str]:
    """Return the names of our objects of a kind that are there still, as objects of that kind."""
    rows = connection.execute(
        f"SELECT object_name FROM {RECORD} WHERE schema_name = ? AND kind = ?",  # noqa: S608  # our own table
        [SCHEMA, kind],
    ).fetchall()
    present = macros(connection) if kind == "macro" else relations(connection)
    plain = "view" if kind == SEED_VIEW else kind
    return {name for (name,) in rows if present.get(name) == plain}


def record(connection: duckdb.DuckDBPyConnection, kind: str, names: Iterable[str]) -> None:
    """Record these as all the objects of a kind that are ours."""
    connection.execute(f"DELETE FROM {RECORD} WHERE kind = ?", [kind])  # noqa: S608  # our own table
    rows = [(SCHEMA, name, kind) for name in sorted(names)]
    if rows:
        connection.executemany(f"INSERT INTO {RECORD} VALUES (?, ?, ?)", rows)  # noqa: S608


def relations(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return whether each name of `main`, in lower case as DuckDB compares them, is a table or a view."""
    return {name.lower(): kind for name, kind in connection.execute(_RELATIONS).fetchall()}


def macros(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the scalar macros of `main`, in lower case."""
    return {name.lower(): kind for name, kind in connection.execute(_MACROS).fetchall()}


def has_views_and_macros(connection: duckdb.DuckDBPyConnection) -> bool:
    """Tell whether every view and macro of `sql/` is there, whoever made it."""
    views = {name for name, kind in relations(connection).items() if kind == "view"}
    return views >= sql_files.read_folder("views").keys() and (
        macros(connection).keys() >= sql_files.read_folder("macros").keys()
    )


def hiding_macro(connection: duckdb.DuckDBPyConnection, path: object) -> TakenNameError | None:
    """Return the error for a macro that has the name of a function of DuckDB's and is called in its place."""
    names = sorted(connection.execute(_HIDING).fetchall())
    if not names:
        return None
    return TakenNameError(
        f"the macro {names[0][0]} in {path} is yours and hides DuckDB's own function of that name, which this"
        " program calls; make it anew under another name and drop this one"
    )


def drop_views_and_macros(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the views and macros that are ours; those that `sql/` still has are then made anew."""
    for kind in ("view", "macro"):
        for name in recorded(connection, kind):
            connection.execute(f"DROP {kind} {identifier(name)}")


def make_room(connection: duckdb.DuckDBPyConnection, wanted: Mapping[str, str]) -> list[str]:
    """Rename what a person has under names that the program needs; return a note for each.

    `wanted` holds the kind of every object to be made, by name.

    Raises:
        TakenNameError: a macro, which cannot be renamed, or a table that others depend on.
    """
    notes = []
    ours = recorded(connection, "table") | {RECORD}
    taken, taken_by_macros = relations(connection), macros(connection)
    for name, kind in wanted.items():
        if kind == "macro" and name in taken_by_macros:
            msg = f"the macro {name} is yours, and this version makes one of that name; drop or rename yours"
            raise TakenNameError(msg)
        if kind != "macro" and name in taken and not (kind == "table" and name in ours):
            notes += _move_aside(connection, name, taken)
    return notes


def _move_aside(connection: duckdb.DuckDBPyConnection, name: str, taken: Mapping[str, str]) -> list[str]:
    numbers = (f"{name}_renamed{number or ''}" for number in range(len(taken) + 1))
    free = next(candidate for candidate in numbers if candidate not in taken)
    kind = taken[name]
    try:
        connection.execute(f"ALTER {kind} {identifier(name)} RENAME TO {identifier(free)}")
    except duckdb.DependencyException as error:
        msg = (
            f"the {kind} {name} is yours, and this version makes one of that name;"
            f" rename yours, after dropping the indexes and keys that hold on to it"
        )
        raise TakenNameError(msg) from error
    return [f"your {kind} {name} is now called {free}: this version makes a {name} of its own"]
