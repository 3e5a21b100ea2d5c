"""The data dictionary, made from the comments in the database: `python -m warehouse.dictionary`."""

import sys

import duckdb

from warehouse import schema, sql_files

_INTRODUCTION = """\
# Data dictionary

What `sparsity.db` holds. This page is made from the comments in the database itself:
`python -m warehouse.dictionary > docs/data-dictionary.md`. In a shell, `DESCRIBE name` shows the columns of
a table or view, and `duckdb_tables()`, `duckdb_views()`, `duckdb_columns()` and `duckdb_functions()` hold the
comments.

A database also has a view for every method, sparsity (or pattern) and projection in it, such as
`wanda_0_5_down_proj` or `sparsegpt_2_4_q_proj`, with one row per feature.
"""


def dictionary() -> str:
    """Return the dictionary of a database that is just built, as Markdown."""
    with duckdb.connect(":memory:") as connection:
        schema.build(connection)
        parts = [_INTRODUCTION]
        for kind, catalogue, name in (("Tables", "tables", "table_name"), ("Views", "views", "view_name")):
            rows = connection.execute(
                f"SELECT {name}, comment FROM duckdb_{catalogue}() WHERE NOT internal ORDER BY ALL"  # noqa: S608  # our own names
            ).fetchall()
            parts.append(f"## {kind}\n")
            parts += [_object(connection, *row) for row in rows]
        parts += ["## Macros\n", _macros(connection)]
        parts += ["## Checks\n", _first_lines("checks"), "## Saved queries\n", _first_lines("queries")]
    return "\n".join(parts)


def _object(connection: duckdb.DuckDBPyConnection, name: str, comment: str) -> str:
    columns = connection.execute(
        "SELECT column_name, data_type, coalesce(comment, '') FROM duckdb_columns() WHERE table_name = ?"
        " ORDER BY column_index",
        [name],
    ).fetchall()
    lines = [f"| `{column}` | {kind} | {_cell(text)} |" for column, kind, text in columns]
    return "\n".join(
        [f"### `{name}`\n\n{comment}\n", "| column | type | meaning |", "|---|---|---|", *lines, ""]
    )


def _macros(connection: duckdb.DuckDBPyConnection) -> str:
    rows = connection.execute(
        "SELECT function_name, parameters, comment FROM duckdb_functions() WHERE NOT internal ORDER BY ALL"
    ).fetchall()
    lines = [f"| `{name}({', '.join(names)})` | {_cell(comment)} |" for name, names, comment in rows]
    return "\n".join(["| macro | meaning |", "|---|---|", *lines, ""])


def _first_lines(folder: str) -> str:
    texts = sorted(sql_files.read_folder(folder).items())
    lines = [f"| `{name}` | {_cell(text.splitlines()[0].removeprefix('-- '))} |" for name, text in texts]
    heading = {"checks": "| check | rule |", "queries": "| query | question |"}[folder]
    return "\n".join([heading, "|---|---|", *lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(dictionary())
