"""Views under the table names of the research code: `wanda_0_5_down_proj`, one row a feature."""

import re

import duckdb

from warehouse import sql_files
from warehouse.comments import comment_columns

#: How the comment of every such view begins.
_COMMENT = "One row per model, run, block and feature of "


def build(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Make one view for every method, sparsity and projection loaded, drop those of runs that are gone.

    N:M runs are named by their pattern, as in `wanda_2_4_down_proj`. Returns the names in order.
    """
    rows = connection.execute(
        """
        SELECT DISTINCT method, pattern, sparsity, component
        FROM matrix_prunings
        INNER JOIN pruning_runs USING (run_id)
        INNER JOIN matrices USING (matrix_id)
        ORDER BY ALL
        """
    ).fetchall()
    views = {_name(*row): row for row in rows}
    # One transaction: hundreds of statements, each of which would otherwise wait for the disk.
    connection.execute("BEGIN")
    for stale in set(_existing(connection)) - views.keys():
        connection.execute(f"DROP VIEW {stale}")
    _create(connection, views)
    comment_columns(connection, views)
    connection.execute("COMMIT")
    return sorted(views)


def _create(connection: duckdb.DuckDBPyConnection, views: dict[str, tuple[str, str, float, str]]) -> None:
    text = sql_files.template("seed_view")
    for name, (method, pattern, sparsity, component) in views.items():
        values = {
            "seed_view": name,
            "seed_method": method.replace("'", "''"),
            "seed_pattern": pattern,
            "seed_sparsity": repr(sparsity),
            "seed_component": component.replace("'", "''"),
        }
        connection.execute(_filled(text, values))


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub("|".join(values), lambda match: values[match.group()], text)


def _name(method: str, pattern: str, sparsity: float, component: str) -> str:
    share = f"{sparsity:g}" if pattern == "unstructured" else pattern
    return re.sub(r"\W+", "_", f"{method}_{share}_{component.rpartition('.')[2]}").lower()


def _existing(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the views this module has made before, told from anyone else's by their comment."""
    rows = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE starts_with(comment, ?)", [_COMMENT]
    ).fetchall()
    return [name for (name,) in rows]
